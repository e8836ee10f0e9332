// Uses what the standard library has for files, time and random, and says what it found: the three programs of this name print the same.
package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func get(path string) string {
	text, err := os.ReadFile(path)
	must(err)
	return string(text)
}

func there(path string) string {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "gone"
	}
	return "there"
}

func main() {
	fmt.Println(os.Args[len(os.Args)-1], os.Getenv("GREETING"))

	must(os.MkdirAll("/a/b", 0o777))
	must(os.WriteFile("/a/b/one.txt", []byte("hello\n"), 0o666))
	file, err := os.OpenFile("/a/b/one.txt", os.O_APPEND|os.O_WRONLY, 0)
	must(err)
	_, err = file.WriteString("world\n")
	must(err)
	must(file.Close())
	fmt.Print(get("/a/b/one.txt"))

	file, err = os.OpenFile("/a/b/one.txt", os.O_RDWR, 0)
	must(err)
	_, err = file.Seek(-6, io.SeekEnd)
	must(err)
	_, err = file.WriteString("W")
	must(err)
	must(file.Truncate(9))
	must(file.Close())
	fmt.Println(get("/a/b/one.txt"))

	must(os.Rename("/a/b/one.txt", "/a/two.txt"))
	info, err := os.Stat("/a/two.txt")
	must(err)
	fmt.Println("two.txt has", info.Size(), "bytes")
	fmt.Println("one.txt is", there("/a/b/one.txt"))
	must(os.Symlink("../two.txt", "/a/b/link"))
	fmt.Println("through the link:", get("/a/b/link"))

	for number := range 300 {
		must(os.WriteFile(fmt.Sprintf("/a/b/file-%03d", number), []byte("x"), 0o666))
	}
	entries, err := os.ReadDir("/a/b")
	must(err)
	fmt.Printf("%d entries, the last is %s\n", len(entries), entries[len(entries)-1].Name())
	must(os.RemoveAll("/a"))
	fmt.Println("a is", there("/a"))

	before := time.Now()
	time.Sleep(time.Hour)
	slept := "slept badly"
	if passed := time.Since(before); passed >= time.Hour && passed < time.Hour+time.Second {
		slept = "slept an hour"
	}
	fmt.Println(slept)

	bytes := make([]byte, 32)
	_, err = rand.Read(bytes)
	must(err)
	different := map[byte]bool{}
	for _, value := range bytes {
		different[value] = true
	}
	random := "not random"
	if len(different) > 16 {
		random = "random"
	}
	fmt.Println(random)
	os.Exit(7)
}
