<?php

declare(strict_types=1);

namespace Plasm\Phase;

/** Content addresses: `sha256:<64 lowercase hex>` (phase/SPEC.md). */
final class Digest
{
    public static function of(string $bytes): string
    {
        return 'sha256:' . hash('sha256', $bytes);
    }

    public static function is(string $text): bool
    {
        return preg_match('/^sha256:[0-9a-f]{64}$/D', $text) === 1;
    }

    /** @throws Invalid where the value has no canonical form */
    public static function ofCanonical(mixed $value): string
    {
        return self::of(Json::canonical($value));
    }

    /** @param iterable<string> $args */
    public static function ofArgs(iterable $args): string
    {
        $bytes = '';
        foreach ($args as $arg) {
            $bytes .= $arg . "\0";
        }
        return self::of($bytes);
    }

    /** @param array<array-key, string> $env by name; the order does not matter */
    public static function ofEnv(array $env): string
    {
        $entries = [];
        foreach ($env as $name => $value) {
            $entries[] = "$name=$value";
        }
        sort($entries, SORT_STRING);
        return self::ofArgs($entries);
    }
}
