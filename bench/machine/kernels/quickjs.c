/* Runs a script of the kind that people write: objects, closures, strings, sorting, regular expressions, JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quickjs.h"

static const char *program =
    "const n = Number(N);\n"
    "class Point { constructor(x, y) { this.x = x; this.y = y } plus(o) { return new Point(this.x + o.x, this.y + o.y) } }\n"
    "let point = new Point(0, 0); for (let i = 0; i < n * 4; i++) point = point.plus(new Point(i & 7, 1));\n"
    "const fib = k => k < 2 ? k : fib(k - 1) + fib(k - 2);\n"
    "const list = Array.from({ length: n }, (_, i) => (i * 7919) % n).sort((a, b) => a - b);\n"
    "let sum = 0; for (const value of list) sum = (sum * 31 + value) % 1000003;\n"
    "const rows = list.slice(0, n / 10 | 0).map(id => ({ id, name: `row ${id}`, tags: [id % 3, id % 5] }));\n"
    "const text = JSON.stringify(rows); const back = JSON.parse(text);\n"
    "let words = 0; for (const match of text.matchAll(/\"name\":\"(\\w+) (\\d+)\"/g)) words += match[2].length;\n"
    "const map = new Map(); for (const { name, id } of back) map.set(name, (map.get(name) ?? 0) + id);\n"
    "print([point.x, point.y, fib(n > 200 ? 24 : 10), sum, text.length, words, map.size].join(' '));\n";

static JSValue print(JSContext *context, JSValueConst self, int count, JSValueConst *values) {
  const char *text = JS_ToCString(context, values[0]);
  puts(text ? text : "");
  JS_FreeCString(context, text);
  return JS_UNDEFINED;
}

int main(int count, char **arguments) {
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *context = JS_NewContext(runtime);
  JSValue global = JS_GetGlobalObject(context);
  JS_SetPropertyStr(context, global, "print", JS_NewCFunction(context, print, "print", 1));
  JS_SetPropertyStr(context, global, "N", JS_NewString(context, count > 1 ? arguments[1] : "20000"));
  JSValue result = JS_Eval(context, program, strlen(program), "program.js", JS_EVAL_TYPE_GLOBAL);
  if (!JS_IsException(result)) return 0;
  print(context, result, 1, (JSValueConst[]){JS_GetException(context)});
  return 1;
}
