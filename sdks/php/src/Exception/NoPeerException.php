<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** No node is known that could run it. */
final class NoPeerException extends ApiException
{
}
