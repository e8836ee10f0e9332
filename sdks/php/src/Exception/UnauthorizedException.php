<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The node wants a token, another one, or another origin. */
final class UnauthorizedException extends ApiException
{
}
