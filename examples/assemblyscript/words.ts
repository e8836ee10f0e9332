// Counts the words on stdin and prints the most frequent ones, with their counts: as many as the first argument says, or 10. A word is a run
// of ASCII letters; capitals count as small. Exit code 2 where the argument is no number.

const SMALL_A: i32 = 97
const SMALL_Z: i32 = 122
const TO_SMALL: i32 = 32

class Word {
  constructor(
    public text: string,
    public count: i32,
  ) {}
}

function main(): i32 {
  const args = process.argv
  let shown: i32 = 10
  if (args.length > 1) {
    shown = numberOf(args[1])
    if (shown < 0) {
      process.stderr.write(`words: "${args[1]}" is no number of words\n`)
      return 2
    }
  }
  const words = countWords()
  words.sort((a, b) => (a.count != b.count ? b.count - a.count : a.text < b.text ? -1 : 1))
  for (let index = 0; index < min(shown, words.length); index++) {
    process.stdout.write(`${words[index].count} ${words[index].text}\n`)
  }
  return 0
}

/** -1 where it is none. */
function numberOf(text: string): i32 {
  if (text.length == 0 || text.length > 9) return -1
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at)
    if (digit < 48 || digit > 57) return -1
  }
  return i32.parse(text)
}

function countWords(): Word[] {
  const words = new Map<string, Word>()
  const buffer = new ArrayBuffer(65536)
  const bytes = Uint8Array.wrap(buffer)
  const letters = new Array<i32>()
  for (let size = <i32>process.stdin.read(buffer); size > 0; size = <i32>process.stdin.read(buffer)) {
    for (let at = 0; at < size; at++) {
      const letter = <i32>bytes[at] | TO_SMALL
      if (letter >= SMALL_A && letter <= SMALL_Z) letters.push(letter)
      else count(words, letters)
    }
  }
  count(words, letters)
  return words.values()
}

/** Takes the letters of one word and leaves none. */
function count(words: Map<string, Word>, letters: i32[]): void {
  if (letters.length == 0) return
  const text = String.fromCharCodes(letters)
  if (words.has(text)) words.get(text).count++
  else words.set(text, new Word(text, 1))
  letters.length = 0
}

process.exit(main())
