<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The node has no room left for what was sent. */
final class QuotaExceededException extends ApiException
{
}
