#[tokio::test]
async fn tune() {
    let store = crate::store::Store::open("sqlite:/tmp/ebb-demo.db", 9).await.expect("s");
    let brand = store.brands().await.expect("b")[0].id;
    let i = store.incidents(brand).await.expect("i")[0].clone();
    for h in [5_i64, 12, 30, 60, 200] {
        let now = i.started_at.plus(h * 3_600_000);
        let t = std::time::Instant::now();
        super::super::themes::discover(&store, &i, now).await.expect("d");
        let d = t.elapsed();
        while super::super::themes::catch_up(&store, &i, now).await.expect("c").left > 0 {}
        println!("== {h} h {d:?} {:?}", t.elapsed());
        for v in super::super::themes::load_themes(&store, i.id, now).await.expect("l") {
            println!(
                "  {:?} {:?} z {:.1} people {} recent {} peak {} {:?}",
                v.theme.phrase, v.theme.forms, v.theme.z, v.theme.people, v.standing.recent, v.standing.peak, v.standing.heat
            );
        }
    }
}
