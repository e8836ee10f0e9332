<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The node could not be reached, or the connection broke. Whether it did what was asked is not known. */
class TransportException extends \RuntimeException implements PlasmException
{
}
