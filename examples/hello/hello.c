// Reverses each line of stdin by Unicode code point and keeps its newline. A byte that is not part of well-formed UTF-8 counts as a
// unit of its own. Empty stdin reads as "Hello, World". Exit code 0; 1 when memory runs out or stdout does not take the bytes.
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned char byte;

static bool continues(byte value) { return (value & 0xC0) == 0x80; }

// Length of the code point at `text` (Unicode 15, table 3-7), or 1 for a byte that begins none.
static size_t unit(const byte *text, size_t size) {
  byte first = text[0];
  byte low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;  // below: overlong
  byte high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF; // above: surrogate, or beyond U+10FFFF
  size_t length = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1;
  if (length == 1 || length > size || text[1] < low || text[1] > high) return 1;
  for (size_t i = 2; i < length; i++)
    if (!continues(text[i])) return 1;
  return length;
}

static void reverse(const byte *line, size_t size, byte *reversed) {
  for (size_t at = 0, length; at < size; at += length) {
    length = unit(line + at, size - at);
    memcpy(reversed + size - at - length, line + at, length);
  }
}

static void print(const byte *bytes, size_t size) {
  while (size > 0) {
    ssize_t written = write(STDOUT_FILENO, bytes, size);
    if (written <= 0) exit(1);
    bytes += written;
    size -= (size_t)written;
  }
}

static byte *grow(byte *bytes, size_t size) {
  byte *grown = realloc(bytes, size);
  if (grown == NULL) exit(1);
  return grown;
}

// All of stdin, with room for as many bytes again behind it. It begins small: what a program asks for beyond its first pages, it waits and pays for.
static byte *input(size_t *size) {
  size_t room = 8 * 1024;
  byte *bytes = grow(NULL, 2 * room);
  for (ssize_t count; (count = read(STDIN_FILENO, bytes + *size, room - *size)) > 0;) {
    *size += (size_t)count;
    if (*size == room) bytes = grow(bytes, 2 * (room *= 2));
  }
  return bytes;
}

int main(void) {
  size_t size = 0;
  byte *text = input(&size);
  if (size == 0) memcpy(text, "Hello, World", size = 12);
  byte *reversed = text + size;
  for (size_t at = 0; at < size;) {
    byte *newline = memchr(text + at, '\n', size - at);
    size_t length = newline == NULL ? size - at : (size_t)(newline - text) - at;
    reverse(text + at, length, reversed + at);
    at += length;
    if (newline != NULL) reversed[at++] = '\n';
  }
  print(reversed, size);
  return 0;
}
