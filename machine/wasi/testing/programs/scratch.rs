//! Uses what the standard library has for files, time and random, and says what it found: the three programs of this name print the same.
use std::collections::hash_map::RandomState;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

fn main() -> io::Result<()> {
    println!("{} {}", std::env::args().last().unwrap(), std::env::var("GREETING").unwrap());

    fs::create_dir_all("/a/b")?;
    fs::write("/a/b/one.txt", "hello\n")?;
    OpenOptions::new().append(true).open("/a/b/one.txt")?.write_all(b"world\n")?;
    print!("{}", fs::read_to_string("/a/b/one.txt")?);

    let mut file = OpenOptions::new().read(true).write(true).open("/a/b/one.txt")?;
    assert_eq!(file.seek(SeekFrom::End(-6))?, 6);
    file.write_all(b"W")?;
    file.set_len(9)?;
    drop(file);
    println!("{}", fs::read_to_string("/a/b/one.txt")?);

    fs::rename("/a/b/one.txt", "/a/two.txt")?;
    println!("two.txt has {} bytes", fs::metadata("/a/two.txt")?.len());
    let missing = File::open("/a/b/one.txt").err().map(|error| error.kind());
    println!("one.txt is {}", if missing == Some(ErrorKind::NotFound) { "gone" } else { "there" });
    link()?;
    let mut through = String::new();
    File::open("/a/b/link")?.read_to_string(&mut through)?;
    println!("through the link: {through}");

    for number in 0..300 {
        fs::write(format!("/a/b/file-{number:03}"), "x")?;
    }
    let mut names: Vec<_> = fs::read_dir("/a/b")?.map(|entry| Ok(entry?.file_name().into_string().unwrap())).collect::<io::Result<_>>()?;
    let unsorted = names.clone();
    names.sort();
    assert_eq!(names, unsorted);
    println!("{} entries, the last is {}", names.len(), names.last().unwrap());
    fs::remove_dir_all("/a")?;
    println!("a is {}", if fs::metadata("/a").is_err() { "gone" } else { "there" });

    let before = Instant::now();
    std::thread::sleep(Duration::from_secs(3600));
    let slept = before.elapsed();
    println!("{}", if slept.as_secs() == 3600 { "slept an hour" } else { "slept badly" });

    let hashes: HashSet<u64> = (0..8).map(|_| RandomState::new().build_hasher().finish()).collect();
    println!("{}", if hashes.len() == 8 { "random" } else { "not random" });
    std::process::exit(7)
}

/// Symbolic links of WASI have no stable name in the standard library.
fn link() -> io::Result<()> {
    #[link(wasm_import_module = "wasi_snapshot_preview1")]
    extern "C" {
        fn path_symlink(target: *const u8, target_size: usize, directory: u32, path: *const u8, size: usize) -> u16;
    }
    let (target, path) = ("../two.txt", "a/b/link");
    match unsafe { path_symlink(target.as_ptr(), target.len(), 3, path.as_ptr(), path.len()) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error.into())),
    }
}
