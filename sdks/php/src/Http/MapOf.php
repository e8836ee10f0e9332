<?php

declare(strict_types=1);

namespace Plasm\Http;

/** What the values of a map from strings are: `string`, `int`, `bool` or a model. */
#[\Attribute(\Attribute::TARGET_PROPERTY | \Attribute::TARGET_PARAMETER)]
final class MapOf
{
    public function __construct(public readonly string $type)
    {
    }
}
