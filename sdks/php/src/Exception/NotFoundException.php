<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** There is no such job, module or blob. */
final class NotFoundException extends ApiException
{
}
