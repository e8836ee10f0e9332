<?php

declare(strict_types=1);

namespace Plasm\Phase;

/**
 * JSON as the protocol reads and writes it (phase/SPEC.md, Canonical form). Reading refuses what two languages could read differently, which
 * json_decode lets pass: a member twice, a lone surrogate, a float where integers are asked for.
 */
final class Json
{
    public const DEPTH_MAX = 8;
    public const INTEGER_MAX = 9_007_199_254_740_991;
    private const ESCAPES = [
        '"' => '"', '\\' => '\\', '/' => '/', 'b' => "\x08", 'f' => "\x0C", 'n' => "\n", 'r' => "\r", 't' => "\t",
    ];

    private int $at = 0;
    private int $depth = 0;

    private function __construct(
        private readonly string $text,
        private readonly int $depthMax,
        private readonly bool $integersOnly,
    ) {
    }

    /**
     * Objects become JsonObject, arrays lists.
     *
     * @throws Invalid with the offset in bytes
     */
    public static function read(string $bytes, bool $integersOnly = false, int $depthMax = self::DEPTH_MAX): mixed
    {
        // PCRE refuses ill-formed UTF-8, surrogates and overlong forms included.
        if (preg_match('//u', $bytes) !== 1) {
            throw new Invalid('Cannot read text: the bytes are not UTF-8');
        }
        return (new self($bytes, $depthMax, $integersOnly))->document();
    }

    /**
     * The canonical form: RFC 8785 made trivial.
     *
     * @throws Invalid for what has none
     */
    public static function canonical(mixed $value): string
    {
        if ($value instanceof JsonObject && $value->names() !== []) {
            $names = $value->names();
            sort($names, SORT_STRING);
            $member = static fn (string $name): string =>
                self::canonicalString($name) . ':' . self::canonical($value->get($name));
            return '{' . implode(',', array_map($member, $names)) . '}';
        }
        return match (true) {
            is_bool($value) => $value ? 'true' : 'false',
            is_int($value) && $value >= 0 && $value <= self::INTEGER_MAX => (string) $value,
            is_string($value) => self::canonicalString($value),
            is_array($value) && array_is_list($value) => '[' . implode(',', array_map(self::canonical(...), $value)) . ']',
            default => throw new Invalid('Cannot write canonical JSON: ' . get_debug_type($value) . ' has no canonical form'),
        };
    }

    private static function canonicalString(string $text): string
    {
        if (preg_match('/^[ !#-\[\]-~]*$/D', $text) !== 1) {
            throw new Invalid('Cannot write canonical JSON: a string has no canonical form');
        }
        return "\"$text\"";
    }

    private function document(): mixed
    {
        $value = $this->value();
        $this->space();
        return $this->at === strlen($this->text) ? $value : throw $this->wrong('more after the end of the value');
    }

    private function value(): mixed
    {
        $this->space();
        return match ($this->text[$this->at] ?? '') {
            '{' => $this->object(),
            '[' => $this->array(),
            '"' => $this->string(),
            't' => $this->word('true', true),
            'f' => $this->word('false', false),
            'n' => $this->word('null', null),
            default => $this->number(),
        };
    }

    /** Behind the bracket, one level down. */
    private function enter(): void
    {
        if (++$this->depth > $this->depthMax) {
            throw $this->wrong("nested deeper than $this->depthMax");
        }
        $this->at++;
    }

    private function object(): JsonObject
    {
        $this->enter();
        $members = [];
        for ($more = !$this->closed('}'); $more; $more = $this->another('}')) {
            $this->space();
            if (($this->text[$this->at] ?? '') !== '"') {
                throw $this->wrong('a member name was expected');
            }
            $name = $this->string();
            if (array_key_exists($name, $members)) {
                throw $this->wrong('a member stands twice');
            }
            $this->expect(':');
            $members[$name] = $this->value();
        }
        $this->depth--;
        return new JsonObject($members);
    }

    /** @return list<mixed> */
    private function array(): array
    {
        $this->enter();
        $items = [];
        for ($more = !$this->closed(']'); $more; $more = $this->another(']')) {
            $items[] = $this->value();
        }
        $this->depth--;
        return $items;
    }

    private function string(): string
    {
        $this->at++;
        for ($result = '';;) {
            $length = strcspn($this->text, "\"\\\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0B\x0C\r\x0E\x0F\x10\x11\x12\x13\x14"
                . "\x15\x16\x17\x18\x19\x1A\x1B\x1C\x1D\x1E\x1F", $this->at);
            $result .= substr($this->text, $this->at, $length);
            $this->at += $length + 1;
            $character = $this->text[$this->at - 1] ?? '';
            if ($character === '"') {
                return $result;
            }
            if ($character !== '\\') {
                throw $this->wrong('a string is not closed or holds a control character');
            }
            $result .= $this->escape();
        }
    }

    private function escape(): string
    {
        $character = $this->text[$this->at++] ?? '';
        if ($character !== 'u') {
            return self::ESCAPES[$character] ?? throw $this->wrong('unknown escape');
        }
        $unit = $this->unit() ?? throw $this->wrong('unknown escape');
        if ($unit >= 0xD800 && $unit <= 0xDFFF) {
            $low = substr($this->text, $this->at, 2) === '\\u' && ($this->at += 2) ? $this->unit() : null;
            if ($unit >= 0xDC00 || $low === null || $low < 0xDC00 || $low > 0xDFFF) {
                throw $this->wrong('lone surrogate');
            }
            $unit = 0x10000 + (($unit - 0xD800) << 10) + ($low - 0xDC00);
        }
        return self::utf8($unit);
    }

    private function unit(): ?int
    {
        $digits = substr($this->text, $this->at, 4);
        if (preg_match('/^[0-9a-fA-F]{4}$/D', $digits) !== 1) {
            return null;
        }
        $this->at += 4;
        return (int) hexdec($digits);
    }

    private static function utf8(int $point): string
    {
        return match (true) {
            $point < 0x80 => chr($point),
            $point < 0x800 => chr(0xC0 | $point >> 6) . chr(0x80 | $point & 0x3F),
            $point < 0x10000 => chr(0xE0 | $point >> 12) . chr(0x80 | $point >> 6 & 0x3F) . chr(0x80 | $point & 0x3F),
            default => chr(0xF0 | $point >> 18) . chr(0x80 | $point >> 12 & 0x3F) . chr(0x80 | $point >> 6 & 0x3F)
                . chr(0x80 | $point & 0x3F),
        };
    }

    private function number(): int|float
    {
        $pattern = '/-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/A';
        if (preg_match($pattern, $this->text, $found, 0, $this->at) !== 1) {
            throw $this->wrong('a value was expected');
        }
        $integer = ctype_digit($found[0]) && strlen($found[0]) <= 16 && (int) $found[0] <= self::INTEGER_MAX;
        if ($this->integersOnly && !$integer) {
            throw $this->wrong('a number is not an integer from 0 to 2^53 - 1');
        }
        $this->at += strlen($found[0]);
        return $integer ? (int) $found[0] : (float) $found[0];
    }

    private function word(string $word, ?bool $value): ?bool
    {
        if (substr($this->text, $this->at, strlen($word)) !== $word) {
            throw $this->wrong('a value was expected');
        }
        $this->at += strlen($word);
        return $value;
    }

    private function closed(string $character): bool
    {
        $this->space();
        if (($this->text[$this->at] ?? '') !== $character) {
            return false;
        }
        $this->at++;
        return true;
    }

    private function another(string $end): bool
    {
        $this->space();
        $character = $this->text[$this->at] ?? '';
        if ($character !== ',' && $character !== $end) {
            throw $this->wrong('"," was expected');
        }
        $this->at++;
        return $character === ',';
    }

    private function expect(string $character): void
    {
        if (!$this->closed($character)) {
            throw $this->wrong("\"$character\" was expected");
        }
    }

    private function space(): void
    {
        if (($this->text[$this->at] ?? '!') > ' ') {
            return;
        }
        $this->at += strspn($this->text, " \t\n\r", $this->at);
    }

    private function wrong(string $what): Invalid
    {
        return new Invalid("Cannot read JSON at offset $this->at: $what");
    }
}
