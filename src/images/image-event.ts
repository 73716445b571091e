import { labelsOf } from './config-file.ts';
import type { Image } from './contract.ts';
import type { ImageNeeds } from './needs.ts';

type Action = 'tag' | 'untag' | 'delete' | 'import' | 'load' | 'save';

/** Attributes as dockerd has them: the image's labels, and as name the tag given to it, or else its id. */
export function publishImage(needs: ImageNeeds, action: Action, image: Image, name: string = image.id): void {
  needs.events.publish('image', action, { id: image.id, attributes: { ...labelsOf(image.config), name } });
}
