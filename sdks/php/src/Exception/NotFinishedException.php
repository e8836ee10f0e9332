<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The job has not ended yet. */
final class NotFinishedException extends ApiException
{
}
