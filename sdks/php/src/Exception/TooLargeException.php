<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** More was sent or asked for than the node takes. */
final class TooLargeException extends ApiException
{
}
