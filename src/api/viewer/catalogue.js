/** Which pictures the viewer can show: this study's, and those of the patient's earlier studies, asked for when wanted. */
import * as api from '../web/api.js';
import { plain, studyMoment } from '../web/format.js';
import { t } from '../web/strings.js';
import { imageName, picturesOf } from '../web/study/picture-area.js';

export function createCatalogue(detail) {
  const uid = detail.row.studyInstanceUid;
  const own = picturesOf(detail.images).map((image) => ({ key: image.sopInstanceUid, studyInstanceUid: uid, image }));
  const earlier = (detail.priors ?? []).flatMap((prior) => prior.images.filter((image) => image.hasPixels && !image.removed).map((image) => ({ key: image.sopInstanceUid, studyInstanceUid: prior.studyInstanceUid, prior, image })));
  const details = new Map([[uid, Promise.resolve(detail)]]);

  const label = ({ prior, image }) => {
    if (prior === undefined) return earlier.length > 0 ? `${t('viewer.this')}: ${imageName(image, own.map((one) => one.image))}` : imageName(image, own.map((one) => one.image));
    return `${t('viewer.prior', { date: studyMoment(prior.studyDate) || t('panel.priors.undated') })}${image.viewPosition ? `: ${plain(image.viewPosition)}` : ''}`;
  };
  const all = () => [...own, ...earlier];

  return {
    choices: () => all().map((one) => ({ key: one.key, label: label(one) })),
    first: () => own[0]?.key,
    firstOf: (studyInstanceUid) => all().find((one) => one.studyInstanceUid === studyInstanceUid)?.key,
    /** The other view of the study, else the latest earlier film. */
    partnerOf: (key) => (own.find((one) => one.key !== key) ?? earlier.find((one) => one.key !== key))?.key,
    /** With its findings: an earlier study is opened, and so noted as looked at, only when it is shown. */
    async picture(key) {
      const wanted = all().find((one) => one.key === key);
      if (wanted === undefined) return undefined;
      if (!details.has(wanted.studyInstanceUid)) details.set(wanted.studyInstanceUid, api.study(wanted.studyInstanceUid));
      const { images } = await details.get(wanted.studyInstanceUid);
      const image = images.find((one) => one.sopInstanceUid === key);
      return image && { ...wanted, label: label(wanted), image };
    },
  };
}
