/** Every image of the study: analysed, or why not and what to do; and the patient's earlier studies. */
import { bdi, h } from '../dom.js';
import { plain, studyMoment } from '../format.js';
import { icon } from '../icons.js';
import { reasonText } from '../reasons.js';
import { t } from '../strings.js';
import { adviceFor } from './advice.js';
import { imageName, picturesOf } from './picture-area.js';

/** Said only where there is something to say: one analysed image needs no list. */
export function imagesSection({ images }, { onChoose }) {
  if (images.length < 2 && images.every((image) => image.status === 'scored' && image.remarks.length === 0)) return undefined;
  const pictures = picturesOf(images);
  return h('section', {}, h('h3', {}, t('panel.images'), h('span', { class: 'aside' }, t('panel.images.count', { n: images.length }))),
    h('ul', { class: 'plain-list images' }, images.map((image) => h('li', {},
      h('div', { class: 'image-line' },
        pictures.includes(image)
          ? h('button', { type: 'button', class: 'link', 'data-keep': image.sopInstanceUid, onclick: () => onChoose(image.sopInstanceUid) }, imageName(image, pictures))
          : h('span', {}, [plain(image.modality ?? ''), plain(image.seriesDescription ?? '')].filter(Boolean).join(' · ') || t('panel.images.other')),
        h('span', { class: `image-status ${image.status}` }, t(`image.${image.status}`))),
      image.reason !== null && h('p', { class: 'sub' }, reasonText(image.reason)),
      image.status === 'unreadable' && image.reason !== null && h('p', { class: 'advice' }, icon('attention'), h('span', {}, adviceFor(image.reason).advice)),
      image.remarks.map((remark) => h('p', { class: 'sub' }, reasonText(remark)))))));
}

export function priorsSection({ priors = [], row }) {
  if (priors.length === 0) return undefined;
  return h('section', {}, h('h3', {}, t('panel.priors'), h('span', { class: 'aside' }, t('panel.images.count', { n: priors.length }))),
    h('ul', { class: 'plain-list priors' }, priors.map((prior) => h('li', {},
      h('a', { href: `#study=${prior.studyInstanceUid}`, 'data-keep': prior.studyInstanceUid }, studyMoment(prior.studyDate) || t('panel.priors.undated')),
      h('span', { class: 'prior-what' }, bdi(plain(prior.description ?? ''))),
      h('span', { class: `flag ${prior.flag}` }, icon(prior.flag), h('span', { class: 'word' }, t(`flag.${prior.flag}`))),
      prior.images.some((image) => image.hasPixels && !image.removed) && h('a', { class: 'compare', href: viewerAddress(row.studyInstanceUid, prior.studyInstanceUid) }, icon('sideBySide'), t('panel.priors.compare'))))));
}

export const viewerAddress = (studyInstanceUid, prior) => `/viewer/?study=${studyInstanceUid}${prior === undefined ? '' : `&prior=${prior}`}`;
