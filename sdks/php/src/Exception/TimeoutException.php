<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The time that was given is over. What was asked for may still go on at the node. */
final class TimeoutException extends TransportException
{
}
