<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** Everything that this library throws. */
interface PlasmException extends \Throwable
{
}
