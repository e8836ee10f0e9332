<?php

declare(strict_types=1);

namespace Plasm\Exception;

/** A digest names bytes that this node does not have: upload them first. */
final class UnknownDigestException extends ApiException
{
}
