<?php

declare(strict_types=1);

namespace Plasm\Http;

/** What the items of a list are: `string`, `int`, `bool` or a model. */
#[\Attribute(\Attribute::TARGET_PROPERTY | \Attribute::TARGET_PARAMETER)]
final class ListOf
{
    public function __construct(public readonly string $type)
    {
    }
}
