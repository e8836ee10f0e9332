<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The state has changed meanwhile, or an idempotency key was used for another request. */
final class ConflictException extends ApiException
{
}
