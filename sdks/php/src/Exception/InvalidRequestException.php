<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The node does not understand what was asked, or does not support it: `pointer` says where. */
final class InvalidRequestException extends ApiException
{
}
