<?php

declare(strict_types=1);

namespace Plasm\Phase;

/**
 * Which members a JSON object must have, and what they are: `['name' => kind, 'optional?' => kind]`, where a kind is a name of KINDS, a
 * shape, `['list', kind]` or `['map', kind]`. Members that a shape does not name are ignored.
 */
final class Shape
{
    private const KINDS = [
        'digest' => '/^sha256:[0-9a-f]{64}$/D',
        'hex16' => '/^[0-9a-f]{32}$/D',
        'hex32' => '/^[0-9a-f]{64}$/D',
        'nonce' => '/^([0-9a-f]{2}){16,32}$/D',
        'time' => '/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z$/D',
        'peerId' => '/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/D',
        'did' => '/^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$/D',
        'jobId' => '/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/D',
    ];
    /** UTF-16 units, because that is what the length of a text is in the schemas. */
    private const TEXTS = ['text' => PHP_INT_MAX, 'text64' => 64, 'text88' => 88, 'text128' => 128, 'text256' => 256];
    private const INTEGERS = ['integer' => Json::INTEGER_MAX, 'u32' => 4_294_967_295];

    /**
     * What keeps `$value` from having the shape, and where; null for nothing.
     *
     * @param string|array<array-key, mixed> $kind
     */
    public static function problem(string|array $kind, mixed $value, string $at = ''): ?string
    {
        return match (true) {
            is_string($kind) => self::is($kind, $value) ? null : self::wrong($at, $kind),
            ($kind[0] ?? null) === 'list' => is_array($value) ? self::eachProblem($kind[1], $value, $at) : self::wrong($at, 'list'),
            ($kind[0] ?? null) === 'map' => $value instanceof JsonObject
                ? self::eachProblem($kind[1], $value->members(), $at)
                : self::wrong($at, 'object'),
            default => self::objectProblem($kind, $value, $at),
        };
    }

    private static function is(string $kind, mixed $value): bool
    {
        return match (true) {
            isset(self::KINDS[$kind]) => is_string($value) && preg_match(self::KINDS[$kind], $value) === 1,
            isset(self::TEXTS[$kind]) => is_string($value) && self::isWithin($value, self::TEXTS[$kind]),
            default => is_int($value) && $value >= 0 && $value <= self::INTEGERS[$kind],
        };
    }

    /**
     * @param string|array<array-key, mixed> $kind
     * @param array<array-key, mixed> $items
     */
    private static function eachProblem(string|array $kind, array $items, string $at): ?string
    {
        foreach ($items as $index => $item) {
            $problem = self::problem($kind, $item, "$at/$index");
            if ($problem !== null) {
                return $problem;
            }
        }
        return null;
    }

    /** @param array<array-key, mixed> $members */
    private static function objectProblem(array $members, mixed $value, string $at): ?string
    {
        if (!$value instanceof JsonObject) {
            return self::wrong($at, 'object');
        }
        foreach ($members as $name => $kind) {
            $known = rtrim((string) $name, '?');
            if ($value->has($known)) {
                $problem = self::problem($kind, $value->get($known), "$at/$known");
            } else {
                $problem = $known === $name ? self::wrong("$at/$known", is_string($kind) ? $kind : 'member') : null;
            }
            if ($problem !== null) {
                return $problem;
            }
        }
        return null;
    }

    /** In units: never more than bytes. A character beyond U+FFFF has two of them and four bytes, of which three continue the first. */
    private static function isWithin(string $text, int $unitsMax): bool
    {
        if (strlen($text) <= $unitsMax) {
            return true;
        }
        $bytes = count_chars($text, 1);
        $count = static fn (int $from, int $to): int =>
            array_sum(array_intersect_key($bytes, array_flip(range($from, $to))));
        return strlen($text) - $count(0x80, 0xBF) + $count(0xF0, 0xF7) <= $unitsMax;
    }

    private static function wrong(string $at, string $kind): string
    {
        return ($at === '' ? '' : "at \"$at\": ") . "expected $kind";
    }
}
