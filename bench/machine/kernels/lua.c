#include "lua.h"

#include <stdio.h>
#include <stdlib.h>

#include "lauxlib.h"
#include "lualib.h"
static const char* prog =
    "local n=tonumber(N) local t={} for i=1,n do t[i]=(i*7919)%n end table.sort(t) local s=0 for i=1,n do "
    "s=(s*31+t[i])%1000003 end\n"
    "local function fib(n) if n<2 then return n end return fib(n-1)+fib(n-2) end\n"
    "local parts={} for i=1,n//10 do parts[#parts+1]=string.format('%d:%s',i,tostring(i*1.5)) end local "
    "str=table.concat(parts,',')\n"
    "local cnt=0 for a,b in string.gmatch(str,'(%d+):(%d+)') do cnt=cnt+#a+#b end\n"
    "local o={} o.__index=o function o.new(x) return setmetatable({x=x},o) end function o:add(k) self.x=self.x+k "
    "return self end local p=o.new(0) for i=1,n*3 do p:add(i) end\n"
    "print(s,fib(n>200 and 24 or 10),#str,cnt,p.x)\n";
static int print(lua_State* L) {
  int n = lua_gettop(L);
  for (int i = 1; i <= n; i++) {
    printf("%s%s", i > 1 ? " " : "", luaL_tolstring(L, i, 0));
    lua_pop(L, 1);
  }
  puts("");
  return 0;
}
int main(int c, char** v) {
  lua_State* L = luaL_newstate();
  luaL_requiref(L, "_G", luaopen_base, 1);
  luaL_requiref(L, "string", luaopen_string, 1);
  luaL_requiref(L, "table", luaopen_table, 1);
  luaL_requiref(L, "math", luaopen_math, 1);
  lua_pushcfunction(L, print);
  lua_setglobal(L, "print");
  lua_pushstring(L, c > 1 ? v[1] : "100000");
  lua_setglobal(L, "N");
  if (luaL_loadstring(L, prog)) {
    puts(lua_tostring(L, -1));
    return 1;
  }
  lua_call(L, 0, 0);
  return 0;
}
