//! The Home tab: published when somebody looks at it, and after they did something in it.

use super::Handler;
use crate::domain::duty::{duties, out_of_hearing};
use crate::domain::id::SlackUserId;
use crate::domain::incident::Incident;
use crate::slack::Outcome;
use crate::views;
use serde_json::json;

impl Handler {
    pub(super) async fn publish_home(&self, by: &SlackUserId) {
        let s = self.board.snapshot();
        let view = match s.directory.user_by_slack(by) {
            None => views::home::stranger(&self.stranger(by, None).await),
            Some(user) => {
                let duties = duties(&s.world, &s.directory, self.now(), &user.id);
                let open: Vec<&Incident> = s.world.open_incidents().map(|i| &**i).collect();
                let mut mine: Vec<&Incident> = open.iter().copied().filter(|i| i.concerns(&user.id)).collect();
                mine.sort_by_key(|i| views::list::order(i));
                let silent = out_of_hearing(&s.world, &s.directory, self.now(), user);
                let me = views::home::Me { user, duties: &duties, silent_until: silent, mine: &mine };
                views::home::home(&me, open.len(), &s.directory, s.store)
            }
        };
        let outcome = self.client.call_now("views.publish", &json!({ "user_id": by, "view": view })).await;
        if !matches!(outcome, Outcome::Ok(_)) {
            tracing::warn!(outcome = outcome.name(), "a Home tab could not be published");
        }
    }
}
