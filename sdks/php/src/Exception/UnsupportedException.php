<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The node understands what was asked for, but cannot do it: `pointer` says what. */
final class UnsupportedException extends ApiException
{
}
