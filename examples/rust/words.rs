//! Counts the words on stdin and prints the most frequent ones, with their counts: as many as the first argument says, or 10. A word is a run
//! of ASCII letters; capitals count as small. Exit code 2 where the argument is no number.
use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::{self, BufWriter, Read, Write};
use std::process::exit;

fn main() {
    let shown = match std::env::args().nth(1) {
        None => 10,
        Some(argument) => argument.parse().unwrap_or_else(|_| {
            eprintln!("words: \"{argument}\" is no number of words");
            exit(2)
        }),
    };
    if let Err(error) = print_most_frequent(shown) {
        eprintln!("words: {error}");
        exit(1)
    }
}

fn print_most_frequent(shown: usize) -> io::Result<()> {
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text)?;
    let mut counts: HashMap<String, u64> = HashMap::new();
    for word in text.split(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty()) {
        *counts.entry(String::from_utf8_lossy(word).to_ascii_lowercase()).or_default() += 1;
    }
    let mut words: Vec<(String, u64)> = counts.into_iter().collect();
    words.sort_by(|(a, m), (b, n)| (Reverse(m), a).cmp(&(Reverse(n), b)));
    let mut out = BufWriter::new(io::stdout().lock());
    for (word, count) in words.iter().take(shown) {
        writeln!(out, "{count} {word}")?;
    }
    out.flush()
}
