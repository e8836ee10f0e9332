<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The job made no claim, so there is no receipt: its reason says why. */
final class NoReceiptException extends ApiException
{
}
