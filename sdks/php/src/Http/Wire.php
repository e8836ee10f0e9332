<?php

declare(strict_types=1);

namespace Plasm\Http;

use Plasm\Exception\ProtocolException;

/**
 * Generated models to and from JSON, by the types of their constructor's parameters. Members that a model does not know are ignored, and
 * values of an enum that it does not know become UNKNOWN: a newer node may send both.
 */
trait Wire
{
    /** @throws ProtocolException for what is not this model */
    public static function fromWire(mixed $wire): static
    {
        if (!is_array($wire) || ($wire !== [] && array_is_list($wire))) {
            throw ProtocolException::expected(self::class, $wire);
        }
        $values = [];
        foreach (self::wireParameters() as $name => [$type, $optional, $items]) {
            $value = $wire[$name] ?? null;
            if ($value === null && !$optional) {
                throw ProtocolException::expected(self::class . '::$' . $name, null);
            }
            $values[$name] = $value === null ? null : self::fromWireValue($value, $type, $items);
        }
        return new static(...$values);
    }

    public function jsonSerialize(): object
    {
        $members = [];
        foreach (self::wireParameters() as $name => [, , $items]) {
            $value = $this->$name;
            if ($value !== null) {
                $members[$name] = match (true) {
                    $value instanceof \DateTimeInterface => $value->format('Y-m-d\TH:i:s.vp'),
                    $items instanceof MapOf => (object) $value,
                    default => $value,
                };
            }
        }
        return (object) $members;
    }

    /** @return array<string, array{string, bool, ListOf|MapOf|null}> by name: type, whether it may be absent, what is in it */
    private static function wireParameters(): array
    {
        static $parameters = null;
        if ($parameters === null) {
            $parameters = [];
            foreach ((new \ReflectionMethod(self::class, '__construct'))->getParameters() as $parameter) {
                $type = $parameter->getType();
                \assert($type instanceof \ReflectionNamedType);
                $items = ($parameter->getAttributes()[0] ?? null)?->newInstance();
                $parameters[$parameter->getName()] = [$type->getName(), $type->allowsNull(), $items];
            }
        }
        return $parameters;
    }

    private static function fromWireValue(mixed $value, string $type, ListOf|MapOf|null $items): mixed
    {
        if ($items !== null) {
            if (!is_array($value) || ($items instanceof ListOf && !array_is_list($value))) {
                throw ProtocolException::expected('a list or map', $value);
            }
            return array_map(static fn (mixed $item): mixed => self::fromWireValue($item, $items->type, null), $value);
        }
        return match (true) {
            $type === 'string' && is_string($value), $type === 'int' && is_int($value),
            $type === 'bool' && is_bool($value) => $value,
            $type === \DateTimeImmutable::class && is_string($value) => self::fromWireTime($value),
            is_subclass_of($type, \BackedEnum::class) && is_string($value) => $type::tryFrom($value) ?? $type::UNKNOWN,
            method_exists($type, 'fromWire') => $type::fromWire($value),
            default => throw ProtocolException::expected($type, $value),
        };
    }

    private static function fromWireTime(string $text): \DateTimeImmutable
    {
        static $utc = null;
        $utc ??= new \DateTimeZone('UTC');
        $pattern = '/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:\d\d)$/D';
        try {
            if (preg_match($pattern, $text, $found) === 1) {
                // PHP looks the zone "Z" up in a table of all abbreviations, which takes ten times as long as the rest.
                return $found[2] === 'Z' ? new \DateTimeImmutable($found[1], $utc) : new \DateTimeImmutable($text);
            }
        } catch (\Exception) {
            // Its form is that of a time, but no calendar has it.
        }
        throw ProtocolException::expected('a time', $text);
    }
}
