// Uses what the C library has for files, time and random, and says what it found: the three programs of this name print the same.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void must(int ok, const char *what) {
  if (ok) return;
  printf("%s: %s\n", what, strerror(errno));
  exit(1);
}

static void put(const char *path, const char *mode, const char *text) {
  FILE *file = fopen(path, mode);
  must(file != NULL, path);
  must(fputs(text, file) >= 0 && fclose(file) == 0, path);
}

static char *get(const char *path) {
  static char text[100];
  FILE *file = fopen(path, "r");
  must(file != NULL, path);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  return text;
}

// Everything in a directory, while it is being read, then the directory.
static void remove_all(const char *path) {
  DIR *directory = opendir(path);
  must(directory != NULL, path);
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char child[512];
    snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
    if (entry->d_type == DT_DIR) remove_all(child);
    else must(unlink(child) == 0, child);
  }
  closedir(directory);
  must(rmdir(path) == 0, path);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  printf("%s %s\n", argv[argc - 1], getenv("GREETING"));

  must(mkdir("/a", 0777) == 0 && mkdir("/a/b", 0777) == 0, "mkdir");
  put("/a/b/one.txt", "w", "hello\n");
  put("/a/b/one.txt", "a", "world\n");
  printf("%s", get("/a/b/one.txt"));

  int file = open("/a/b/one.txt", O_RDWR);
  must(file >= 0 && lseek(file, -6, SEEK_END) == 6 && write(file, "W", 1) == 1, "overwrite");
  must(ftruncate(file, 9) == 0 && close(file) == 0, "truncate");
  printf("%s\n", get("/a/b/one.txt"));

  struct stat stat_of;
  must(rename("/a/b/one.txt", "/a/two.txt") == 0 && stat("/a/two.txt", &stat_of) == 0, "rename");
  printf("two.txt has %lld bytes\n", (long long)stat_of.st_size);
  FILE *missing = fopen("/a/b/one.txt", "r");
  printf("one.txt is %s\n", missing == NULL && errno == ENOENT ? "gone" : "there");
  must(symlink("../two.txt", "/a/b/link") == 0, "symlink");
  printf("through the link: %s\n", get("/a/b/link"));

  for (int number = 0; number < 300; number++) {
    char path[64];
    snprintf(path, sizeof path, "/a/b/file-%03d", number);
    put(path, "w", "x");
  }
  struct dirent **entries;
  int count = scandir("/a/b", &entries, NULL, alphasort);
  printf("%d entries, the last is %s\n", count - 2, entries[count - 1]->d_name);
  remove_all("/a");
  printf("a is %s\n", stat("/a", &stat_of) != 0 && errno == ENOENT ? "gone" : "there");

  double before = seconds();
  nanosleep(&(struct timespec){.tv_sec = 3600}, NULL);
  double slept = seconds() - before;
  printf("%s\n", slept >= 3600 && slept < 3601 ? "slept an hour" : "slept badly");

  unsigned char bytes[32] = {0};
  must(getentropy(bytes, sizeof bytes) == 0, "getentropy");
  int different = 0;
  for (size_t at = 1; at < sizeof bytes; at++) different += bytes[at] != bytes[0];
  printf("%s\n", different > 16 ? "random" : "not random");
  return 7;
}
