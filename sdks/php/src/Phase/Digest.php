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

    /**
     * @param list<string> $args
     * @return string|null null for what no guest can be given (phase/SPEC.md, Manifest)
     */
    public static function ofArgs(array $args): ?string
    {
        foreach ($args as $arg) {
            if (str_contains($arg, "\0") || preg_match('//u', $arg) !== 1) {
                return null;
            }
        }
        return self::of($args === [] ? '' : implode("\0", $args) . "\0");
    }

    /**
     * @param array<array-key, string> $env by name; the order does not matter
     * @return string|null null for what no guest can be given
     */
    public static function ofEnv(array $env): ?string
    {
        $entries = [];
        foreach ($env as $name => $value) {
            if ($name === '' || str_contains((string) $name, '=')) {
                return null;
            }
            $entries[] = "$name=$value";
        }
        sort($entries, SORT_STRING);
        return self::ofArgs($entries);
    }
}
