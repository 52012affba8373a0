/** Stand-in for dicom/write-part10.ts until it is there. */
// @ts-ignore dcmjs has no types of its own
import dcmjs from 'dcmjs';

export function writeDicom(dataSet: Readonly<Record<string, unknown>>, file: { sopClassUid: string; sopInstanceUid: string }): Uint8Array {
  const { DicomDict, DicomMetaDictionary } = (dcmjs as any).data;
  const meta = DicomMetaDictionary.denaturalizeDataset({
    FileMetaInformationVersion: new Uint8Array([0, 1]).buffer,
    MediaStorageSOPClassUID: file.sopClassUid,
    MediaStorageSOPInstanceUID: file.sopInstanceUid,
    TransferSyntaxUID: '1.2.840.10008.1.2.1',
    ImplementationClassUID: '2.25.80302813137786398554742050926734630921603366648225212145404',
  });
  const dict = new DicomDict(meta);
  dict.dict = DicomMetaDictionary.denaturalizeDataset(structuredClone(dataSet));
  return new Uint8Array(dict.write({ allowInvalidVRLength: true }));
}
