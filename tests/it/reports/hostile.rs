//! Files that are said to be reports.

use bevy_session::reports::ReportError;

use super::*;

fn whole() -> Vec<u8> {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    app.world_mut().spawn(Health(3));
    start(&mut app, "Reported");
    write(&mut app, Report::now());
    disk.content(Path::new(REPORT)).unwrap()
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

/// The error for this file. The game is in its title then, and can be played.
fn refused(bytes: Option<&[u8]>) -> ReportError {
    let disk = MemoryDisk::default();
    if let Some(bytes) = bytes {
        disk.put(Path::new(REPORT), bytes);
    }
    let before = disk.paths();
    let mut app = reporting_game(plugin(&disk).open(REPORT));
    let not_opened = received::<ReportNotOpened>(&app);
    assert_eq!(not_opened.len(), 1, "it should be refused");
    assert_eq!(not_opened[0].path, Path::new(REPORT));
    let error = not_opened[0].error.clone();
    assert!(error.to_string().contains("report.tar"), "{error}");
    assert_eq!(error.path(), Some(Path::new(REPORT)));
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    start(&mut app, "Goes on");
    assert_eq!(disk.paths(), before, "what is played is in memory");
    error
}

#[test]
fn invalid_and_newer_reports_are_refused_with_their_reason() {
    assert!(matches!(refused(None), ReportError::Unreadable(_)));
    let ron = |text: &'static str| tar_of(&[("report.ron", text.as_bytes())]);
    for bytes in [
        Vec::new(),
        b"no archive at all".to_vec(),
        vec![0; 4096],
        vec![b'x'; 4096],
        tar_of(&[("readme.txt", b"hello")]),
        tar_of(&[("a/report.ron", b"(format: 2)")]),
        ron("(format: )"),
        ron("no ron \u{0}"),
    ] {
        assert!(matches!(refused(Some(&bytes)), ReportError::NotAReport { .. }));
    }
    assert!(matches!(refused(Some(&ron("(format: 2)"))), ReportError::NoCheckpoint { .. }));
    let newer = refused(Some(&ron("(format: 3, note: 7)")));
    assert_eq!(newer, ReportError::NewerReport { path: REPORT.into(), format: 3 });
    let nested = format!("(format: {}2{})", "[".repeat(100_000), "]".repeat(100_000));
    let bytes = tar_of(&[("report.ron", nested.as_bytes())]);
    assert!(matches!(refused(Some(&bytes)), ReportError::NotAReport { .. }));
}

#[test]
fn forged_sizes_in_a_report_are_refused() {
    let mut header = tar::Header::new_ustar();
    header.set_path("report.ron").unwrap();
    for size in [1_u64 << 62, 1 << 40, 4096] {
        header.set_size(size);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend([b' '; 512]);
        assert!(matches!(refused(Some(&bytes)), ReportError::Cut { .. }), "{size}");
    }
    let large = vec![b' '; 3 << 20];
    let bytes = tar_of(&[("report.ron", &large)]);
    let too_large = refused(Some(&bytes));
    assert!(matches!(too_large, ReportError::TooLarge { limit: 2_097_152, .. }), "{too_large}");
    let many: Vec<(String, [u8; 0])> = (0..2_000).map(|number| (format!("{number}"), [])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, none)| (&**name, &none[..])).collect();
    assert!(matches!(refused(Some(&tar_of(&many))), ReportError::NotAReport { .. }));
}

#[test]
fn a_cut_or_damaged_report_is_refused_or_restores_the_same_world() {
    let whole = whole();
    for length in (0..whole.len()).step_by(509) {
        let disk = MemoryDisk::default();
        disk.put(Path::new(REPORT), &whole[..length]);
        let mut app = reporting_game(plugin(&disk).open(REPORT));
        frames(&mut app, 3);
        let is_opened = health(&mut app) == Some(3);
        assert_eq!(received::<ReportNotOpened>(&app).is_empty(), is_opened, "cut at {length}");
    }
    for place in (0..whole.len()).step_by(211) {
        let disk = MemoryDisk::default();
        disk.put(Path::new(REPORT), &whole);
        disk.corrupt(Path::new(REPORT), place, 0x55);
        let mut app = reporting_game(plugin(&disk).open(REPORT));
        frames(&mut app, 3);
        let is_opened = health(&mut app) == Some(3);
        assert_eq!(received::<ReportNotOpened>(&app).is_empty(), is_opened, "flipped at {place}");
    }
}

#[test]
fn a_report_of_another_game_is_refused_with_its_name() {
    let disk = MemoryDisk::default();
    disk.put(Path::new(REPORT), &whole());
    let other = SessionPlugin::new("Elsewhere", "Other").disk(disk.clone()).open(REPORT);
    let app = reporting_game(other);
    let error = received::<ReportNotOpened>(&app)[0].error.clone();
    assert_eq!(error, ReportError::OtherGame { path: REPORT.into(), game: "Tests/Game".into() });
}

#[test]
fn hostile_file_names_in_a_report_write_no_file() {
    let whole = whole();
    let files = unpacked(&whole);
    let evil: Vec<(&str, &[u8])> = vec![
        ("report.ron", &files["report.ron"]),
        ("checkpoint.slot", &files["checkpoint.slot"]),
        ("journal/x.journal", b"whatever"),
    ];
    let mut bytes = tar_of(&evil);
    // A third file that would lie elsewhere.
    let place = bytes.windows(9).position(|part| part == b"journal/x").unwrap();
    bytes[place..place + 9].copy_from_slice(b"../../../");
    let sum: u32 = (0..512)
        .map(|offset| {
            let byte = bytes[place + offset];
            if (148..156).contains(&offset) { 32 } else { u32::from(byte) }
        })
        .sum();
    bytes[place + 148..place + 155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let disk = MemoryDisk::default();
    disk.put(Path::new(REPORT), &bytes);
    let before = disk.paths();
    let mut app = reporting_game(plugin(&disk).open(REPORT));
    frames(&mut app, 3);
    assert_eq!(health(&mut app), Some(3));
    assert_eq!(disk.paths(), before);
}
