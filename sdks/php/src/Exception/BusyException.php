<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The node is busy, and was busy still after the retries: `retryAfter` says when to come back. */
class BusyException extends ApiException
{
}
