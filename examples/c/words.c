// Counts the words on stdin and prints the most frequent ones, with their counts: as many as the first argument says, or 10. A word is a run
// of ASCII letters; capitals count as small. Exit code 2 where the argument is no number.
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  char *text; // NULL: free
  unsigned long count;
} Word;

typedef struct {
  Word *slots;
  size_t size, used; // size: a power of two
} Words;

static void *need(void *memory) {
  if (memory) return memory;
  fputs("words: out of memory\n", stderr);
  exit(1);
}

static Word *find(Words *words, const char *text) {
  size_t hash = 5381;
  for (const char *at = text; *at; at++) hash = hash * 33 ^ (unsigned char)*at;
  size_t slot = hash & (words->size - 1);
  while (words->slots[slot].text && strcmp(words->slots[slot].text, text) != 0) slot = (slot + 1) & (words->size - 1);
  return &words->slots[slot];
}

static void grow(Words *words) {
  Words larger = {need(calloc(words->size * 2, sizeof(Word))), words->size * 2, words->used};
  for (size_t slot = 0; slot < words->size; slot++)
    if (words->slots[slot].text) *find(&larger, words->slots[slot].text) = words->slots[slot];
  free(words->slots);
  *words = larger;
}

static void count(Words *words, const char *text) {
  Word *word = find(words, text);
  if (!word->text) {
    word->text = need(strdup(text));
    words->used++;
  }
  word->count++;
  if (words->used * 2 > words->size) grow(words);
}

static bool read_word(char **text, size_t *room) {
  int letter;
  while ((letter = getchar()) != EOF && !isalpha(letter)) {}
  if (letter == EOF) return false;
  size_t length = 0;
  for (; letter != EOF && isalpha(letter); letter = getchar()) {
    if (length + 2 > *room) *text = need(realloc(*text, *room *= 2));
    (*text)[length++] = (char)tolower(letter);
  }
  (*text)[length] = '\0';
  return true;
}

static int most_frequent_first(const void *left, const void *right) {
  const Word *a = left, *b = right;
  if (!a->text || !b->text) return !a->text - !b->text;
  return a->count != b->count ? (a->count < b->count) - (a->count > b->count) : strcmp(a->text, b->text);
}

int main(int argc, char **argv) {
  char *end = "";
  unsigned long shown = argc > 1 ? strtoul(argv[1], &end, 10) : 10;
  if (*end || (argc > 1 && !isdigit((unsigned char)argv[1][0]))) {
    fprintf(stderr, "words: \"%s\" is no number of words\n", argv[1]);
    return 2;
  }
  Words words = {need(calloc(1024, sizeof(Word))), 1024, 0};
  size_t room = 64;
  char *text = need(malloc(room));
  while (read_word(&text, &room)) count(&words, text);
  qsort(words.slots, words.size, sizeof(Word), most_frequent_first);
  for (size_t slot = 0; slot < shown && slot < words.used; slot++) printf("%lu %s\n", words.slots[slot].count, words.slots[slot].text);
  return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
