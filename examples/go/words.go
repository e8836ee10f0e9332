// Counts the words on stdin and prints the most frequent ones, with their counts: as many as the first argument says, or 10. A word is a run
// of ASCII letters; capitals count as small. Exit code 2 where the argument is no number.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
)

func main() {
	shown := 10
	if len(os.Args) > 1 {
		number, err := strconv.Atoi(os.Args[1])
		if err != nil || number < 0 {
			fmt.Fprintf(os.Stderr, "words: %q is no number of words\n", os.Args[1])
			os.Exit(2)
		}
		shown = number
	}
	if err := printMostFrequent(os.Stdin, os.Stdout, shown); err != nil {
		fmt.Fprintln(os.Stderr, "words:", err)
		os.Exit(1)
	}
}

func printMostFrequent(in io.Reader, out io.Writer, shown int) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, word := range bytes.FieldsFunc(text, isNoLetter) {
		counts[string(bytes.ToLower(word))]++
	}
	words := make([]string, 0, len(counts))
	for word := range counts {
		words = append(words, word)
	}
	sort.Slice(words, func(i, j int) bool {
		a, b := words[i], words[j]
		return counts[a] > counts[b] || counts[a] == counts[b] && a < b
	})
	writer := bufio.NewWriter(out)
	for _, word := range words[:min(shown, len(words))] {
		fmt.Fprintln(writer, counts[word], word)
	}
	return writer.Flush()
}

func isNoLetter(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}
