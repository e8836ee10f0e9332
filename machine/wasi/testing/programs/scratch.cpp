// Uses what the C++ library has for files, time and random, and says what it found: the programs of this name print the same.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

void must(bool ok, const std::string &what) {
  if (ok) return;
  std::cout << what << " failed" << std::endl;
  std::exit(1);
}

void put(const std::string &path, std::ios::openmode mode, const std::string &text) {
  std::ofstream file(path, mode);
  must(static_cast<bool>(file << text << std::flush), path);
}

std::string get(const std::string &path) {
  std::ifstream file(path);
  must(file.is_open(), path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Entry {
  std::string name;
  bool directory;
};

std::vector<Entry> list(const std::string &path) {
  std::vector<Entry> entries;
  DIR *directory = opendir(path.c_str());
  must(directory != nullptr, path);
  while (const dirent *entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") entries.push_back({name, entry->d_type == DT_DIR});
  }
  closedir(directory);
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) { return a.name < b.name; });
  return entries;
}

void removeAll(const std::string &path) {
  for (const auto &[name, directory] : list(path)) {
    if (directory) removeAll(path + "/" + name);
    else must(std::remove((path + "/" + name).c_str()) == 0, name);
  }
  must(rmdir(path.c_str()) == 0, path);
}

}  // namespace

int main(int argc, char **argv) {
  std::cout << argv[argc - 1] << " " << std::getenv("GREETING") << "\n";

  must(mkdir("/a", 0777) == 0 && mkdir("/a/b", 0777) == 0, "mkdir");
  put("/a/b/one.txt", std::ios::out, "hello\n");
  put("/a/b/one.txt", std::ios::app, "world\n");
  std::cout << get("/a/b/one.txt");

  std::fstream file("/a/b/one.txt", std::ios::in | std::ios::out);
  must(static_cast<bool>(file.seekp(-6, std::ios::end)) && file.tellp() == 6 && file << "W", "overwrite");
  file.close();
  must(truncate("/a/b/one.txt", 9) == 0, "truncate");
  std::cout << get("/a/b/one.txt") << "\n";

  must(std::rename("/a/b/one.txt", "/a/two.txt") == 0, "rename");
  std::ifstream renamed("/a/two.txt", std::ios::ate);
  std::cout << "two.txt has " << renamed.tellg() << " bytes\n";
  std::cout << "one.txt is " << (std::ifstream("/a/b/one.txt").is_open() ? "there" : "gone") << "\n";
  must(symlink("../two.txt", "/a/b/link") == 0, "symlink");
  std::cout << "through the link: " << get("/a/b/link") << "\n";

  for (int number = 0; number < 300; number++) put("/a/b/file-" + std::to_string(number), std::ios::out, "x");
  const auto entries = list("/a/b");
  std::cout << entries.size() << " entries, the last is " << entries.back().name << "\n";
  removeAll("/a");
  std::cout << "a is " << (opendir("/a") == nullptr ? "gone" : "there") << "\n";

  const auto before = std::chrono::steady_clock::now();
  sleep(3600);
  const auto slept = std::chrono::steady_clock::now() - before;
  const bool hour = slept >= std::chrono::hours(1) && slept < std::chrono::hours(1) + std::chrono::seconds(1);
  std::cout << (hour ? "slept an hour" : "slept badly") << "\n";

  std::random_device random;
  std::set<unsigned> different;
  for (int drawn = 0; drawn < 32; drawn++) different.insert(random());
  std::cout << (different.size() > 16 ? "random" : "not random") << "\n";
  return 7;
}
