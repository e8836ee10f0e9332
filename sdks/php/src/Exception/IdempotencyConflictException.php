<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The idempotency key was used before, for another request. */
final class IdempotencyConflictException extends ApiException
{
}
