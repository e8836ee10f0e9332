<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The state has changed meanwhile: read it, then decide again. */
final class ConflictException extends ApiException
{
}
