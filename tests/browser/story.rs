//! A person in front of the demo, at a desk or with a phone in one hand.

use super::demo::Demo;
use super::page::Page;
use serde_json::json;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Desktop,
    Phone,
}

impl Size {
    /// In CSS pixels.
    fn pixels(self) -> (u32, u32) {
        match self {
            Self::Desktop => (1280, 800),
            Self::Phone => (400, 800),
        }
    }
}

pub struct Story {
    pub demo: Demo,
    pub page: Page,
    size: Size,
}

impl Story {
    /// A demo in which nothing is broken yet, seen by `who` (a handle) in the payments channel.
    pub async fn quiet(size: Size, who: &str) -> Self {
        let demo = Demo::start().await;
        let page = Page::open(&demo.page(&format!("/?as={who}&channel=payments"))).await;
        let (width, height) = size.pixels();
        page.size(width, height).await;
        Self { demo, page, size }
    }

    /// Payments is down: #1, whose card says that Ana is paged.
    pub async fn broken(size: Size, who: &str) -> Self {
        let story = Self::quiet(size, who).await;
        story.desk("🔥 payments down").await;
        story.page.shows("#messages article", "Paging Ana Silva since").await;
        story
    }

    /// The same, and Ana has it.
    pub async fn anas(size: Size) -> Self {
        let story = Self::broken(size, "ana").await;
        story.tap("#main", "incident.acknowledge").await;
        story.page.shows("#messages article", "Ana Silva has it").await;
        story
    }

    /// Another person, or another place.
    pub async fn be(&self, who: &str, place: &str) {
        self.page.go(&self.demo.page(&format!("/?as={who}&channel={place}"))).await;
        self.page.eventually("the page's script runs", "typeof live === 'function'").await;
    }

    /// Presses a button of the demo's desk, which a phone has in a drawer.
    pub async fn desk(&self, words: &str) {
        if self.size == Size::Phone {
            self.page.click("#bar [data-drawer=desk]").await;
        }
        self.page.press("#desk", words).await;
        if self.size == Size::Phone {
            self.page.click("#desk .drawer-close").await;
        }
    }

    /// Presses the newest button of that action within an area.
    pub async fn tap(&self, area: &str, action: &str) {
        let css = json!(format!("{area} [data-action='{action}']"));
        let find = format!("[...document.querySelectorAll({css})].filter((e) => e.offsetParent).at(-1)");
        self.page.eventually(&format!("{action} is in {area}"), &find).await;
        self.page.js(&format!("(({find}).scrollIntoView({{block: 'center'}}), ({find}).click(), 1)")).await;
    }

    /// **More…** on the newest card, and a choice there.
    pub async fn more(&self, action: &str) {
        self.tap("#main", "incident.more").await;
        self.page.shows(".modal h2", "More about").await;
        self.tap(".modal", action).await;
    }

    /// Chooses what a label in the window says.
    pub async fn choose(&self, words: &str) {
        let find = format!(
            "[...document.querySelectorAll('.modal label')].find((e) => e.textContent.includes({}))",
            json!(words)
        );
        self.page.eventually(&format!("“{words}” can be chosen"), &find).await;
        self.page.js(&format!("(({find}).closest('details')?.setAttribute('open', ''), ({find}).click(), 1)")).await;
    }

    /// Chooses in a list that holds one thing.
    pub async fn select(&self, block: &str, words: &str) {
        let css = format!(".modal [data-block='{block}'] select");
        self.page.find(&css).await;
        let option = format!(
            "[...document.querySelectorAll({})].find((o) => o.textContent.includes({}))",
            json!(format!("{css} option")),
            json!(words)
        );
        self.page.eventually(&format!("“{words}” is in the list"), &option).await;
        let value = self.page.js(&format!("({option}).value")).await;
        self.page.fill(&css, value.as_str().unwrap_or("")).await;
    }

    /// Writes into the window's field.
    pub async fn write(&self, block: &str, words: &str) {
        self.page.fill(&format!(".modal [data-block='{block}'] :is(input, textarea)"), words).await;
    }

    /// Presses the window's green button, and waits until all windows are gone.
    pub async fn submit(&self) {
        self.page.click(".modal button[type=submit]").await;
        self.page.eventually("the windows are shut", "!document.querySelector('.modal')").await;
    }

    /// Presses the green button of a window that stands on another, reads the answer there, and shuts both.
    pub async fn submit_on_top(&self, answer: &str) {
        self.page.click(".modal button[type=submit]").await;
        self.window(answer).await;
        self.shut().await;
    }

    pub async fn shut(&self) {
        self.page.click(".modal [data-act=close-all]").await;
        self.page.eventually("the windows are shut", "!document.querySelector('.modal')").await;
    }

    /// The window on top says this.
    pub async fn window(&self, words: &str) {
        self.page.shows(".modal", words).await;
    }

    /// The newest card says this.
    pub async fn card(&self, words: &str) {
        self.page.shows("#messages article", words).await;
    }

    /// Says something as a person would, Enter included.
    pub async fn say(&self, words: &str) {
        self.page.fill("#main .composer textarea", words).await;
        self.page.click("#main .composer .send").await;
    }

    /// What must hold wherever somebody looks: all is drawn, nothing is cut off, and a thumb hits what it is meant to. `WARRIDOR_LOOK=DIR` keeps pictures of
    /// it, light and dark, for somebody to judge.
    pub async fn look(&self, what: &str) {
        assert_eq!(self.page.js("document.querySelectorAll('.unknown').length").await, json!(0), "{what}");
        self.page.has_no_sideways_scroll(what).await;
        if self.size == Size::Phone {
            self.page.can_be_hit_by_a_thumb(what).await;
        }
        let Some(dir) = std::env::var_os("WARRIDOR_LOOK") else { return };
        let name = format!("{what}-{:?}", self.size).replace(' ', "-").to_lowercase();
        for scheme in ["light", "dark"] {
            self.page.scheme(scheme).await;
            let picture = self.page.picture().await;
            std::fs::write(Path::new(&dir).join(format!("{name}-{scheme}.png")), picture).expect("a picture is kept");
        }
        self.page.scheme("light").await;
    }

    /// The phone's lock screen and the rest of the desk, as somebody looks at it.
    pub async fn look_at_desk(&self, what: &str) {
        if self.size == Size::Phone {
            self.page.click("#bar [data-drawer=desk]").await;
        }
        self.look(what).await;
        if self.size == Size::Phone {
            self.page.click("#desk .drawer-close").await;
        }
    }
}
