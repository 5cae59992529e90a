//! What a person does, in a real browser: through WebDriver, on the application with the demo's servers behind it.
//!
//! Needs `EBB_TEST_CHROMEDRIVER` (path of a chromedriver, with Chromium beside it); says so when it is left out.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use ebb::app::{App, Role, Settings};
use ebb::clock::Clock;
use ebb::config::Config;
use ebb::demo::story::Story;
use ebb::demo::world::{Draft, Faults, World};
use ebb::domain::source::{SourceKind, SourceSpec, Take};
use ebb::lifecycle::{End, Shutdown};
use ebb::store::Store;
use thirtyfour::prelude::*;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

/// The application and its world, on loopback.
struct Running {
    world: World,
    page: String,
    shutdown: Shutdown,
    tasks: JoinSet<anyhow::Result<End>>,
    _folder: tempfile::TempDir,
}

impl Running {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::system();
        let world = World::start(&Story::quiet(clock.now()), clock.clone(), Faults::default()).await.expect("a world");
        let store = Store::open(&format!("sqlite:{}", folder.path().join("ebb.db").display()), 1).await.expect("a store");
        let brand = store.save_brand(Story::BRAND, &Story::terms(), clock.now()).await.expect("a brand");
        let settings = serde_json::json!({ "url": world.urls().blog });
        let spec = SourceSpec { name: "Blog".to_owned(), kind: SourceKind::Wordpress, brand, take: Take::All, every_ms: 1_000, settings };
        store.sync_sources(&[spec], clock.now()).await.expect("a source");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let page = format!("http://{}", listener.local_addr().expect("an address"));
        let shutdown = Shutdown::default();
        let mut settings = Settings::from(&Config::default());
        settings.poll.floor_ms = 500;
        let app = App { store, clock, settings, demo: None };
        let mut tasks = JoinSet::new();
        let stop = shutdown.clone();
        tasks.spawn(async move { app.run(Role::ALL, Some(listener), &stop).await });
        Self { world, page, shutdown, tasks, _folder: folder }
    }

    async fn stop(mut self) {
        self.shutdown.finish();
        let end = self.tasks.join_next().await.expect("the application").expect("no panic").expect("no error");
        assert_eq!(end, End::Requested);
        self.world.shutdown().await;
    }
}

/// A chromedriver of this test's own.
async fn chromedriver(path: &str) -> (Child, String) {
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        free.local_addr().expect("an address").port()
    };
    let child = Command::new(path)
        .arg(format!("--port={port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("chromedriver starts");
    let clock = Clock::system();
    let deadline = clock.now().plus(20_000);
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(clock.now() < deadline, "chromedriver does not answer");
        clock.sleep_ms(50).await;
    }
    (child, format!("http://127.0.0.1:{port}"))
}

async fn open_browser(server: &str, profile: &tempfile::TempDir, phone: Phone) -> WebDriver {
    let mut options = DesiredCapabilities::chrome();
    for flag in [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,1000",
    ] {
        options.add_arg(flag).expect("a flag");
    }
    options.add_arg(&format!("--user-data-dir={}", profile.path().display())).expect("a flag");
    if phone == Phone::Yes {
        let screen = serde_json::json!({ "deviceMetrics": { "width": 360, "height": 780, "pixelRatio": 2.0 } });
        options.add_experimental_option("mobileEmulation", screen).expect("an option");
    }
    WebDriver::new(server, options).await.expect("a browser")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phone {
    Yes,
    No,
}

/// Where the tests' chromedriver is; without one the test is left out, unless everything is required.
fn driver_path() -> Option<String> {
    let path = std::env::var("EBB_TEST_CHROMEDRIVER").ok().filter(|p| !p.is_empty());
    if path.is_none() {
        assert!(std::env::var_os("EBB_TEST_REQUIRE").is_none(), "EBB_TEST_REQUIRE is set, EBB_TEST_CHROMEDRIVER is not");
        // Past the capture of the test runner, which shows nothing of a test that passes.
        let _ = writeln!(std::io::stderr(), "left out: the browser tests need EBB_TEST_CHROMEDRIVER (see .ci/run)");
    }
    path
}

async fn wait_for(driver: &WebDriver, by: By) -> WebElement {
    driver.query(by).wait(Duration::from_secs(30), Duration::from_millis(100)).first().await.expect("it appears")
}

/// Waits until the page that `before` belongs to has gone: what a form changed is kept by then, and a navigation that
/// starts earlier would be overtaken by the answer to the form.
async fn wait_until_left(before: WebElement) {
    before.wait_until().wait(Duration::from_secs(30), Duration::from_millis(50)).stale().await.expect("another page");
}

/// The field with this id, focused in one step: a page that follows what comes in leaves a focused field alone.
async fn focused(driver: &WebDriver, id: &str) -> WebElement {
    wait_for(driver, By::Id(id)).await;
    let script = "document.getElementById(arguments[0]).focus()";
    driver.execute(script, vec![serde_json::json!(id)]).await.expect("focus");
    driver.active_element().await.expect("the field")
}

/// Reloads the page until it is there: rows of the queue do not move under a reader by themselves.
async fn reload_until(driver: &WebDriver, css: &str) -> WebElement {
    let clock = Clock::system();
    let deadline = clock.now().plus(60_000);
    loop {
        driver.refresh().await.expect("the page");
        if let Ok(found) = driver.find(By::Css(css)).await {
            return found;
        }
        assert!(clock.now() < deadline, "{css} never appeared");
        clock.sleep_ms(500).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_finds_an_angry_author_takes_them_and_is_done() {
    let Some(path) = driver_path() else { return };
    let running = Running::start().await;
    let (_child, server) = chromedriver(&path).await;
    let profile = tempfile::tempdir().expect("a folder");
    let driver = open_browser(&server, &profile, Phone::No).await;

    // Live: the first page is open before anything was written, and follows without a reload.
    driver.goto(&running.page).await.expect("the page");
    running
        .world
        .blog()
        .add(Draft::new("Margit", "This is the worst company ever. I hate Tidewater, they stole my money and ruined my shop."));
    running
        .world
        .blog()
        .add(Draft::new("<script>alert(1)</script>", "Thank you Tidewater, the new till is lovely <script>alert(2)</script>"));
    wait_for(&driver, By::Css(".posts li")).await;
    driver.goto(format!("{}/people", running.page)).await.expect("the page");
    let person = reload_until(&driver, "[data-row]").await;
    assert!(person.text().await.expect("text").contains("Margit"));

    // By keyboard: next, assign.
    let body = driver.find(By::Css("body")).await.expect("a body");
    body.send_keys("j").await.expect("a key");
    driver.active_element().await.expect("a row").send_keys("a").await.expect("a key");
    let owner = driver.active_element().await.expect("the field");
    owner.send_keys("Ines").await.expect("typed");
    let page = driver.find(By::Tag("html")).await.expect("a page");
    owner.send_keys(Key::Enter + "").await.expect("sent");
    wait_until_left(page).await;
    driver.goto(format!("{}/people?state=assigned", running.page)).await.expect("the page");
    let row = wait_for(&driver, By::Css("[data-row]")).await;
    assert!(row.text().await.expect("text").contains("Ines"));

    let page = driver.find(By::Tag("html")).await.expect("a page");
    driver.find(By::Css("[data-done]")).await.expect("a button").click().await.expect("clicked");
    wait_until_left(page).await;

    // An incident is opened with the form on the first page.
    driver.goto(&running.page).await.expect("the page");
    let page = driver.find(By::Tag("html")).await.expect("a page");
    let title = focused(&driver, "i-title").await;
    title.clear().await.expect("cleared");
    title.send_keys("Payments down").await.expect("typed");
    title.send_keys(Key::Enter + "").await.expect("sent");
    wait_until_left(page).await;
    driver.goto(format!("{}/incidents", running.page)).await.expect("the page");
    let list = wait_for(&driver, By::Id("main")).await.text().await.expect("text");
    assert!(list.contains("Payments down"), "{list}");

    // A hostile comment is text, and no page breaks its own policy.
    driver.goto(format!("{}/mentions", running.page)).await.expect("the page");
    let text = wait_for(&driver, By::Id("main")).await.text().await.expect("text");
    assert!(text.contains("the new till is lovely"), "{text}");
    assert!(driver.get_alert_text().await.is_err(), "no script of a stranger ran");
    driver.quit().await.expect("closed");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_scrolls_sideways_on_a_phone() {
    let Some(path) = driver_path() else { return };
    let running = Running::start().await;
    let long = "Donaudampfschifffahrtsgesellschaftskapitaen".repeat(20);
    running.world.blog().add(Draft::new(
        &long,
        &format!("This is the worst company ever. I hate Tidewater, they stole my money and ruined my shop. {long}"),
    ));
    let (_child, server) = chromedriver(&path).await;
    let profile = tempfile::tempdir().expect("a folder");
    let driver = open_browser(&server, &profile, Phone::Yes).await;
    driver.goto(format!("{}/people", running.page)).await.expect("the page");
    reload_until(&driver, "[data-row]").await;
    for path in ["/", "/people", "/mentions", "/sources", "/incidents"] {
        driver.goto(format!("{}{path}", running.page)).await.expect("the page");
        let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        let beyond = driver.execute(script, Vec::new()).await.expect("a number").json().as_i64();
        assert_eq!(beyond, Some(0), "{path} is wider than the screen");
    }
    driver.quit().await.expect("closed");
    running.stop().await;
}

/// Waits until the page says it; pages follow what happens elsewhere.
async fn wait_until_told(driver: &WebDriver, words: &str) {
    let by = By::XPath(format!("//main[contains(., \"{words}\")]"));
    wait_for(driver, by).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_work_on_a_case_and_see_what_the_other_does() {
    let Some(path) = driver_path() else { return };
    let running = Running::start().await;
    let (_child, server) = chromedriver(&path).await;
    let (profile, other_profile) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let driver = open_browser(&server, &profile, Phone::No).await;
    driver.goto(format!("{}/incidents", running.page)).await.expect("the page");
    let page = driver.find(By::Tag("html")).await.expect("a page");
    let title = focused(&driver, "i-title").await;
    title.clear().await.expect("cleared");
    title.send_keys("Payments down").await.expect("typed");
    title.send_keys(Key::Enter + "").await.expect("sent");
    wait_until_left(page).await;
    running
        .world
        .blog()
        .add(Draft::new("Margit", "This is the worst company ever. I hate Tidewater, they stole my money and ruined my shop."));

    // By keyboard: next, open the case, contacted.
    driver.goto(format!("{}/people", running.page)).await.expect("the page");
    reload_until(&driver, "[data-row] [data-contacted]").await;
    driver.find(By::Css("body")).await.expect("a body").send_keys("j").await.expect("a key");
    let page = driver.find(By::Tag("html")).await.expect("a page");
    driver.active_element().await.expect("a row").send_keys(Key::Enter + "").await.expect("a key");
    wait_until_left(page).await;
    let page = driver.find(By::Tag("html")).await.expect("a page");
    focused(&driver, "w-who").await.send_keys("Ines").await.expect("typed");
    focused(&driver, "w-text").await.send_keys("She lost her money").await.expect("typed");
    wait_for(&driver, By::Css("button[value=note]")).await.click().await.expect("clicked");
    wait_until_left(page).await;
    wait_until_told(&driver, "Ines noted").await;
    let page = driver.find(By::Tag("html")).await.expect("a page");
    driver.find(By::Css("body")).await.expect("a body").send_keys("c").await.expect("a key");
    wait_until_left(page).await;
    wait_until_told(&driver, "Ines set it to: contacted").await;

    // Somebody else opens it: each is told of the other, and of what the other did.
    let other = open_browser(&server, &other_profile, Phone::No).await;
    other.goto(driver.current_url().await.expect("an address").as_str()).await.expect("the page");
    wait_until_told(&other, "Ines is looking at this now").await;
    wait_until_told(&driver, "Somebody else is looking at this now").await;
    let page = other.find(By::Tag("html")).await.expect("a page");
    focused(&other, "s-text").await.send_keys("Hello Margit, we are sorry").await.expect("typed");
    focused(&other, "s-who").await.send_keys("Noor").await.expect("typed");
    other.find(By::Css("button[value=sent]")).await.expect("a button").click().await.expect("clicked");
    wait_until_left(page).await;
    wait_until_told(&driver, "Noor wrote to them by a private message").await;
    driver.quit().await.expect("closed");
    other.quit().await.expect("closed");
    running.stop().await;
}
