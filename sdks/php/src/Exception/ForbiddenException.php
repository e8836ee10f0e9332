<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The node does not answer to this origin or under this name: see --allow-origin and --allow-host. */
final class ForbiddenException extends ApiException
{
}
