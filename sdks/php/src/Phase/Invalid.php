<?php

declare(strict_types=1);

namespace Plasm\Phase;

use Plasm\Exception\PlasmException;

/** Bytes are not what the protocol says they must be. */
final class Invalid extends \RuntimeException implements PlasmException
{
}
