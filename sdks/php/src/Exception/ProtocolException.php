<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The node answered with something that is not what its API promises. */
final class ProtocolException extends \RuntimeException implements PlasmException
{
    public static function expected(string $what, mixed $got): self
    {
        $shown = is_scalar($got) ? '"' . substr((string) $got, 0, 80) . '"' : get_debug_type($got);
        return new self("Cannot read the node's answer: $what was expected, not $shown");
    }
}
