<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** Something was asked for in a way that cannot be meant; nothing was sent. */
final class InvalidArgumentException extends \InvalidArgumentException implements PlasmException
{
}
