import { EngineError, invalidParameter, notFound } from '../../errors/index.ts';
import type { Image } from '../../images/index.ts';
import { familiarName, formatFamiliar, type Platform, parseReference, withDefaultTag } from '../../oci/index.ts';
import type { Range } from '../dockerfile/contract.ts';
import { formatPlatform } from './platform.ts';

const ID = /^(?:sha256:)?[a-f0-9]{64}$/;

/**
 * The local image a FROM or `COPY --from=` names. Pulling is another room's work that is not built yet, so what is not
 * here is an error that says so.
 */
export function resolveImage(
  name: string,
  platform: Platform | undefined,
  find: (name: string) => Image | undefined,
  range: Range,
): Image {
  const image = find(name);
  if (image === undefined) throw missing(name, range);
  if (platform !== undefined && !provides(image, platform)) {
    const shown = ID.test(name) ? name : formatFamiliar(withDefaultTag(parseReference(name)));
    throw notFound(
      'no-such-platform',
      `image with reference ${shown} was found but does not provide the specified platform (${formatPlatform(platform)})`,
      { detail: { range } },
    );
  }
  return image;
}

function provides(image: Image, platform: Platform): boolean {
  const { architecture, os, variant } = image.config;
  if (architecture !== platform.architecture || os !== platform.os) return false;
  return variant === undefined || platform.variant === undefined || variant === platform.variant;
}

function missing(name: string, range: Range): EngineError {
  if (ID.test(name)) return notFound('no-such-image', `No such image: ${name}`, { detail: { range } });
  try {
    const shown = familiarName(parseReference(name));
    return notFound(
      'pull-access-denied',
      `pull access denied for ${shown}, repository does not exist or may require 'docker login': ` +
        'denied: requested access to the resource is denied',
      {
        detail: {
          range,
          missingImage: name,
          suggestion:
            `${name} is not on this machine, and pulling is not built yet: load it (docker load), import it, ` +
            'or make a base image with `berth image bootstrap NAME`',
        },
      },
    );
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== 'invalid-parameter') throw error;
    return invalidParameter(
      'invalid-reference',
      `failed to parse stage name ${JSON.stringify(name)}: ${error.message}`,
      {
        detail: { range },
      },
    );
  }
}
