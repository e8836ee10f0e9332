<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** Too many requests, and still after the retries: `retryAfter` says when to come back. */
final class RateLimitedException extends BusyException
{
}
