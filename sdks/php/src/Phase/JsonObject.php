<?php

declare(strict_types=1);

namespace Plasm\Phase;

/** An object of strictly read JSON. PHP turns the name "10" into the key 10; `names` turns it back. */
final class JsonObject
{
    /** @param array<array-key, mixed> $members */
    public function __construct(private readonly array $members = [])
    {
    }

    public function has(string $name): bool
    {
        return array_key_exists($name, $this->members);
    }

    /** The member, or null where there is none (or it is null). */
    public function get(string $name): mixed
    {
        return $this->members[$name] ?? null;
    }

    /** @return array<array-key, mixed> */
    public function members(): array
    {
        return $this->members;
    }

    /** @return list<string> */
    public function names(): array
    {
        return array_map(strval(...), array_keys($this->members));
    }
}
