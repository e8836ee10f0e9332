#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
static int none_open(sqlite3_vfs* v, const char* n, sqlite3_file* f, int fl, int* o) { return SQLITE_CANTOPEN; }
static int none_del(sqlite3_vfs* v, const char* n, int s) { return SQLITE_OK; }
static int none_acc(sqlite3_vfs* v, const char* n, int f, int* r) {
  *r = 0;
  return SQLITE_OK;
}
static int none_full(sqlite3_vfs* v, const char* n, int m, char* o) {
  snprintf(o, m, "%s", n);
  return SQLITE_OK;
}
static int none_rand(sqlite3_vfs* v, int n, char* o) {
  for (int i = 0; i < n; i++) o[i] = i;
  return n;
}
static int none_sleep(sqlite3_vfs* v, int us) { return us; }
static int none_time(sqlite3_vfs* v, double* t) {
  *t = 2440587.5;
  return SQLITE_OK;
}
static int none_err(sqlite3_vfs* v, int n, char* o) { return 0; }
static sqlite3_vfs none = {1,         0, 256, 0, "none", 0,         none_open,  none_del,  none_acc,
                           none_full, 0, 0,   0, 0,      none_rand, none_sleep, none_time, none_err};
int sqlite3_os_init(void) { return sqlite3_vfs_register(&none, 1); }
int sqlite3_os_end(void) { return SQLITE_OK; }
static int row(void* p, int n, char** v, char** c) {
  for (int i = 0; i < n; i++) printf("%s%s", i ? "|" : "", v[i] ? v[i] : "");
  puts("");
  return 0;
}
int main(int argc, char** argv) {
  int n = argc > 1 ? atoi(argv[1]) : 20000;
  sqlite3* d;
  char* e = 0;
  char q[600];
  if (sqlite3_open(":memory:", &d)) return 1;
  snprintf(q, 600,
           "create table t(a integer primary key,b text,c int);create index i on t(c);with recursive s(x) as (select 1 "
           "union all select x+1 from s where x<%d) insert into t select x,'row '||(x*7919%%%d),x*31%%997 from s;",
           n, n);
  if (sqlite3_exec(d, q, row, 0, &e)) {
    puts(e);
    return 2;
  }
  const char* qs[] = {"select count(*),sum(c),min(b),max(b) from t",
                      "select c,count(*) n,sum(length(b)) from t group by c order by n desc,c limit 5",
                      "select count(*) from t x join t y on x.a=y.c where x.b like '%9%'",
                      "update t set c=c+1 where a%3=0",
                      "select b from t order by b limit 3",
                      "select sum(a*c)%1000003 from t where c between 10 and 500",
                      "delete from t where a%5=1",
                      "select count(*),sum(c) from t",
                      0};
  for (int i = 0; qs[i]; i++)
    if (sqlite3_exec(d, qs[i], row, 0, &e)) {
      puts(e);
      return 3;
    }
  return 0;
}
