<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** The module is not one that may run: the message says why, and where in it. */
final class ModuleRejectedException extends ApiException
{
}
