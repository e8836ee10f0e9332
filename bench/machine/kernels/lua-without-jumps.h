#ifndef LUAFIX
#define LUAFIX
#include <stdlib.h>
typedef int jmp_buf_t;
#define LUAI_THROW(L, c) abort()
#define LUAI_TRY(L, c, a) \
  { a }
#define luai_jmpbuf int
#define l_signalT int
#define LUA_TMPNAMBUFSIZE 32
#endif
