<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The node does not understand what was asked for: `pointer` says where. */
final class InvalidRequestException extends ApiException
{
}
