//! `triher view` in a real browser: what is clicked, drawn and pressed, against the numbers of the library.
//!
//! Chromium must be installed (`scripts/setup.sh` does that where it can); pictures are left in the build's temporary folder.

use crate::attribute::Cohort;
use headless_chrome::browser::tab::point::Point;
use headless_chrome::protocol::cdp::Input::{
    DispatchMouseEvent, DispatchMouseEventTypeOption, MouseButton,
};
use headless_chrome::protocol::cdp::Page::CaptureScreenshotFormatOption::Png;
use headless_chrome::protocol::cdp::Page::{
    SetDownloadBehavior, SetDownloadBehaviorBehaviorOption,
};
use headless_chrome::{Browser, LaunchOptions, Tab};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use triher_volume::Image;

/// A viewer that is stopped when the test ends.
struct Viewer(Child);

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(c: &Cohort, arguments: &[&str]) -> (Viewer, String) {
    let mut viewer = Command::new(assert_cmd::cargo::cargo_bin!("triher"))
        .args(["view", "--no-browser", &c.images])
        .args(arguments)
        .current_dir(c.w.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = viewer.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    (Viewer(viewer), line.trim().to_owned())
}

/// A page and what it is asked.
struct Page {
    tab: Arc<Tab>,
    _browser: Browser,
}

impl Page {
    fn open(url: &str) -> Self {
        let page = Self::blank();
        page.tab.navigate_to(url).unwrap();
        page.until("document.body?.dataset.ready === 'true'");
        page
    }

    fn blank() -> Self {
        let arguments = [
            "--use-gl=angle",
            "--use-angle=swiftshader",
            "--enable-unsafe-swiftshader",
            "--disable-background-networking",
            "--disable-dev-shm-usage",
        ];
        let options = LaunchOptions::default_builder()
            .sandbox(false)
            .window_size(Some((1400, 900)))
            .args(arguments.iter().map(OsStr::new).collect())
            .idle_browser_timeout(Duration::from_secs(300))
            .build()
            .unwrap();
        let browser = Browser::new(options).expect(
            "Chromium is needed to test the viewer: install it (Debian: apt-get install chromium)",
        );
        let tab = browser.new_tab().unwrap();
        tab.set_default_timeout(Duration::from_secs(120));
        Self {
            tab,
            _browser: browser,
        }
    }

    fn ask(&self, script: &str) -> Value {
        let result = self.tab.evaluate(script, true).unwrap();
        result.value.unwrap_or(Value::Null)
    }

    fn text(&self, script: &str) -> String {
        self.ask(script).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a condition holds.
    fn until(&self, condition: &str) {
        let start = Instant::now();
        while self.ask(condition) != Value::Bool(true) {
            let status = self.text("document.getElementById('status')?.textContent ?? ''");
            assert!(
                start.elapsed() < Duration::from_secs(240),
                "{condition} never came; the page says: {status}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn picture(&self, name: &str) {
        let png = self.tab.capture_screenshot(Png, None, None, true).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("viewer");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), png).unwrap();
    }

    /// Lets the page save files into a folder.
    fn downloads_to(&self, folder: &Path) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let path = folder.to_str().unwrap().to_owned();
        self.tab
            .call_method(SetDownloadBehavior {
                behavior: SetDownloadBehaviorBehaviorOption::Allow,
                download_path: Some(path),
            })
            .unwrap();
        folder.to_owned()
    }

    /// Where a point in patient coordinates (LPS, mm) lies on the page, in a plane that shows it.
    fn point_of(&self, place_mm: [f64; 3]) -> Point {
        let script = format!(
            "(() => {{ const {{ nv }} = viewer; const place = nv.frac2canvasPos(fractionOf({place_mm:?})); \
             const box = nv.canvas.getBoundingClientRect(); const ratio = nv.uiData.dpr; \
             return JSON.stringify([box.left + place[0] / ratio, box.top + place[1] / ratio]); }})()"
        );
        let found: [f64; 2] = serde_json::from_str(&self.text(&script)).unwrap();
        Point {
            x: found[0],
            y: found[1],
        }
    }

    /// Presses the mouse at the first point, moves it over the others, and lets it go.
    fn drag(&self, points: &[Point]) {
        let event = |kind: DispatchMouseEventTypeOption, point: &Point| {
            self.tab
                .call_method(DispatchMouseEvent {
                    Type: kind,
                    x: point.x,
                    y: point.y,
                    button: Some(MouseButton::Left),
                    buttons: Some(1),
                    click_count: Some(1),
                    ..mouse()
                })
                .unwrap();
        };
        let (first, last) = (&points[0], &points[points.len() - 1]);
        event(DispatchMouseEventTypeOption::MousePressed, first);
        for point in points {
            event(DispatchMouseEventTypeOption::MouseMoved, point);
        }
        event(DispatchMouseEventTypeOption::MouseReleased, last);
    }

    /// The numbers of a column of the curve's table.
    fn column(&self, column: usize) -> Vec<f64> {
        let script = format!(
            "JSON.stringify([...document.querySelectorAll('#curve-table tbody tr')].map((r) => Number(r.cells[{column}].textContent)))"
        );
        serde_json::from_str(&self.text(&script)).unwrap()
    }

    fn wait_for_voxel(&self, voxel: [usize; 3]) {
        let name = voxel.map(|v| v.to_string()).join(",");
        self.until(&format!(
            "document.getElementById('place').dataset.voxel === '{name}'"
        ));
    }
}

fn mouse() -> DispatchMouseEvent {
    DispatchMouseEvent {
        Type: DispatchMouseEventTypeOption::MouseMoved,
        x: 0.0,
        y: 0.0,
        modifiers: None,
        timestamp: None,
        button: None,
        buttons: None,
        click_count: None,
        force: None,
        tangential_pressure: None,
        tilt_x: None,
        tilt_y: None,
        twist: None,
        delta_x: None,
        delta_y: None,
        pointer_Type: None,
    }
}

/// The phases in their order.
fn phases(c: &Cohort) -> Vec<Image> {
    let folder = std::fs::read_dir(&c.images).unwrap();
    let mut files: Vec<_> = folder.map(|f| f.unwrap().path()).collect();
    files.sort();
    let files = files
        .iter()
        .filter(|f| f.to_string_lossy().contains(".nii"));
    files
        .map(|f| triher_imagefile::read_image(f).unwrap())
        .collect()
}

fn rounded(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| (v * 10.0).round() / 10.0).collect()
}

#[test]
fn a_study_is_looked_at_outlined_and_predicted_in_a_browser() {
    let c = Cohort::new();
    let weights = "s/small.safetensors";
    let asked = [
        "--mask",
        &c.mask,
        "--model",
        "out/model.triher",
        "--weights",
        weights,
    ];
    let (_viewer, url) = start(&c, &asked);
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let page = Page::open(&url);
    let phases = phases(&c);
    let grid = *phases[0].geometry();
    let mask = triher_imagefile::read_mask(Path::new(&c.mask)).unwrap();
    let place = |v: [usize; 3]| grid.index_to_world(v.map(|i| i as f64));

    // It opens at the lesion's middle.
    let facts = page.text("JSON.stringify(viewer.facts.lesion)");
    let facts: Value = serde_json::from_str(&facts).unwrap();
    assert_eq!(facts["voxels"], mask.count());
    let middle = [0, 1, 2].map(|a| facts["centre_mm"][a].as_f64().unwrap());
    let middle = grid.nearest_voxel(grid.world_to_index(middle)).unwrap();
    page.wait_for_voxel(middle);
    page.picture("opened.png");

    // A click on another voxel of the slice: its curve has the numbers of the images and of the library's map of enhancement.
    let clicked = [middle[0] + 4, middle[1] - 3, middle[2]];
    page.tab.click_point(page.point_of(place(clicked))).unwrap();
    page.wait_for_voxel(clicked);
    let signal: Vec<f64> = phases
        .iter()
        .map(|p| f64::from(*p.get(clicked).unwrap()))
        .collect();
    assert_eq!(page.column(1), rounded(&signal));
    let enhancement = |at: usize| {
        let map = triher_kinetics::percent_enhancement(&phases[0], &phases[at], 0.0).unwrap();
        f64::from(*map.get(clicked).unwrap())
    };
    let shown = page.column(2);
    for (at, shown) in shown.iter().enumerate().skip(1) {
        assert!(
            (shown - enhancement(at)).abs() < 0.06,
            "{shown} {}",
            enhancement(at)
        );
    }

    // Keys: the next voxel, the next phase, subtraction. NiiVue turns the first axis to the patient's right: the sign is the image's.
    page.tab.press_key("PageUp").unwrap();
    page.wait_for_voxel([clicked[0], clicked[1], clicked[2] + 1]);
    page.tab.press_key("PageDown").unwrap();
    page.wait_for_voxel(clicked);
    page.tab.press_key("]").unwrap();
    page.until(
        "document.getElementById('phase').value === '2' && viewer.nv.volumes[0].frame4D === 2",
    );
    assert!(
        page.text("document.getElementById('phase-name').textContent")
            .starts_with("C2")
    );
    page.tab.press_key("s").unwrap();
    page.until("viewer.differences !== null && viewer.nv.volumes[0].img === viewer.differences");
    let offset = grid.offset(clicked).unwrap() + 2 * grid.len();
    let difference = page.ask(&format!("viewer.differences[{offset}]")).as_f64();
    assert_eq!(difference, Some(signal[2] - signal[0]));
    page.picture("subtraction.png");
    page.tab.press_key("s").unwrap();
    page.until("viewer.nv.volumes[0].img === viewer.signal");

    // Each map that is offered is drawn.
    let offered = page.text("JSON.stringify(viewer.facts.overlays)");
    let offered: Vec<String> = serde_json::from_str(&offered).unwrap();
    assert_eq!(
        offered.len(),
        4,
        "the files carry no times, so there is no Ktrans: {offered:?}"
    );
    for name in &offered {
        page.ask(&format!(
            "(() => {{ const s = document.getElementById('overlay'); s.value = '{name}'; s.dispatchEvent(new Event('change')); }})()"
        ));
        page.until(&format!(
            "viewer.overlay !== null && viewer.overlay.name === '{name}.nii'"
        ));
        page.until("!document.body.hasAttribute('aria-busy')");
        page.picture(&format!("{name}.png"));
        if name == "percent-enhancement" {
            let at = grid.offset(clicked).unwrap();
            let found = page
                .ask(&format!("viewer.overlay.img[{at}]"))
                .as_f64()
                .unwrap();
            assert!((found - enhancement(1)).abs() < 1e-3, "{found}");
        }
    }

    // The pen adds to the outline; what the model says of it is what `triher predict` says of the same mask.
    page.tab.press_key("l").unwrap();
    page.wait_for_voxel(middle);
    let before = page.text("document.getElementById('probabilities').textContent");
    page.ask("document.querySelector('input[value=draw]').click()");
    let stroke: Vec<Point> = (0..10)
        .map(|step| page.point_of(place([middle[0] + step, middle[1], middle[2]])))
        .collect();
    page.drag(&stroke);
    page.ask("document.getElementById('apply').click()");
    let drawn = "viewer.facts.lesion.found_by === 'drawn in the viewer'";
    page.until(&format!(
        "{drawn} && !document.body.hasAttribute('aria-busy')"
    ));
    page.until(
        "document.getElementById('prediction-notes').textContent.includes('drawn in the viewer')",
    );
    page.picture("drawn.png");
    // Saved by the browser, as a reader would: the file is a mask on the study's grid, and names no patient.
    let downloads = page.downloads_to(&c.w.path("saved"));
    page.ask("document.getElementById('save').click()");
    page.until("document.getElementById('status').textContent.includes('outline.nii.gz')");
    let file = downloads.join("outline.nii.gz");
    let start = Instant::now();
    while !file.exists() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "nothing was saved"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let outline = triher_imagefile::read_mask(&file).unwrap();
    let both = outline.voxels().iter().zip(mask.voxels());
    let kept = both.filter(|(new, old)| **new && **old).count();
    assert_eq!(kept, mask.count(), "the pen adds");
    assert!(outline.count() > mask.count() && outline.count() < mask.count() + 200);
    assert!(
        outline
            .get([middle[0] + 9, middle[1], middle[2]])
            .copied()
            .unwrap()
    );
    let again = Cohort {
        mask: file.to_str().unwrap().to_owned(),
        ..c
    };
    again
        .run("predict", "out/model.triher", "--json predicted.json")
        .done();
    let predicted = again.w.json("predicted.json");
    for (class, probability) in predicted["probabilities"].as_object().unwrap() {
        let shown = page.text(&format!(
            "document.querySelector('[data-class=\"{class}\"]').textContent"
        ));
        assert_eq!(
            shown,
            format!("{:.1} %", 100.0 * probability.as_f64().unwrap())
        );
    }
    assert_ne!(
        page.text("document.getElementById('probabilities').textContent"),
        before
    );

    // What cannot be is said in a sentence, and changes nothing.
    page.ask("viewer.nv.drawBitmap.fill(0); viewer.nv.refreshDrawing(true); document.getElementById('apply').click()");
    page.until("document.getElementById('status').classList.contains('failed')");
    let status = page.text("document.getElementById('status').textContent");
    assert!(status.contains("outline is empty"), "{status}");
    assert_eq!(page.ask("viewer.facts.lesion.voxels"), outline.count());

    // Nothing was asked of another host, and everything that can be operated has a name.
    let foreign = page.text(
        "JSON.stringify(performance.getEntriesByType('resource').map((e) => e.name).filter((n) => !n.startsWith(location.origin) && !/^(data|blob):/.test(n)))",
    );
    assert_eq!(foreign, "[]");
    let nameless = page.text(
        "JSON.stringify([...document.querySelectorAll('input, select, button, canvas')].filter((e) => !(e.labels?.[0]?.textContent.trim() || \
         e.textContent.trim() && e.tagName === 'BUTTON' || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby'))).map((e) => e.id))",
    );
    assert_eq!(nameless, "[]");
}

#[test]
fn the_page_speaks_chinese_and_knows_a_study_without_model_and_outline() {
    let c = Cohort::new();
    let (_viewer, url) = start(&c, &["--language", "zh"]);
    let page = Page::open(&url);
    assert_eq!(page.text("document.documentElement.lang"), "zh-CN");
    let text = page.text("document.body.innerText");
    assert!(
        text.contains("病灶轮廓") && text.contains("尚无轮廓"),
        "{text}"
    );
    assert!(!text.contains("view-"), "{text}");
    assert_eq!(
        page.ask("document.getElementById('prediction').hidden"),
        true
    );
    page.picture("chinese.png");

    // Without the key nothing is answered.
    let url = url.split('?').next().unwrap();
    page.tab.navigate_to(&format!("{url}api/facts")).unwrap();
    page.until("document.body.innerText.includes('SIM-')");
    let other = Page::blank();
    other.tab.navigate_to(url).unwrap();
    other.until("document.body?.innerText.includes('holds the key') === true");
}

#[test]
fn a_report_that_is_not_there_is_named() {
    let w = crate::workspace::Workspace::new();
    w.triher("view --no-browser report.html")
        .fails_saying(&["report.html cannot be read"]);
    w.write("report.html", "<p>report</p>");
    w.triher("view --no-browser report.html").done();
}
