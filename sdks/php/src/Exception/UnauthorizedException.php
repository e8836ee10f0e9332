<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The node wants a token, or another one. */
final class UnauthorizedException extends ApiException
{
}
