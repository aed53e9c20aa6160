//! What is typed reaches the part of the program that it is short for.

mod e2e;

use e2e::{Company, Pager};

#[test]
fn a_command_with_another_name_does_what_the_configuration_says_it_means() {
    let pager = Pager::run(&Company::default());
    pager.has_sockets(2);
    for (command, text) in [("/who", ""), ("/who", "Payments"), ("/pager", "oncall payments")] {
        let told = pager.slack.types("mara", "payments", command, text).to_string();
        assert!(told.contains("Payments, by the week: *Ben Okafor*"), "{command} {text}: {told}");
    }
    let told = pager.slack.types("mara", "payments", "/pager", "").to_string();
    assert!(told.contains("Nothing is open"), "{told}");
}
