"""The words of the model cards: English and Vietnamese side by side, figures as each language writes them. A phrase's
blanks are the same in both, or nothing is written. Which figures a card has is in cards.py."""
import re

LANGUAGES = ("en", "vi")

# What a card's tables name: sources' labels, kinds of pictures, distortions. What is not here is shown as it is.
TERMS = {
    "tb": "lao phổi", "normal": "bình thường", "other finding": "bất thường khác", "nodule or mass": "nốt hoặc khối",
    "covid": "COVID", "viral pneumonia": "viêm phổi do virus", "boxed": "có khung",
    "lateral": "phim nghiêng", "bones": "xương", "axial": "lát cắt ngang", "ultrasound": "siêu âm", "text": "chữ", "pattern": "hoa văn", "animal": "động vật",
    "12 bits in place of 8 (DICOM)": "12 bit thay cho 8 bit (DICOM)", "MONOCHROME1, 8 bits (DICOM)": "MONOCHROME1, 8 bit (DICOM)", "MONOCHROME1, 12 bits (DICOM)": "MONOCHROME1, 12 bit (DICOM)",
    "JPEG quality 75": "JPEG chất lượng 75", "contrast +10 %": "tương phản +10 %", "contrast -10 %": "tương phản −10 %",
    "turned by 5°": "xoay 5°", "turned by -5°": "xoay −5°", "half resolution": "nửa độ phân giải", "mirrored": "lật trái phải",
    "burned-in text": "chữ in trên phim", "black borders": "viền đen", "upside down": "lộn ngược",
    "women": "nữ", "men": "nam", "15–39 years": "15–39 tuổi", "40–59 years": "40–59 tuổi", "60 years and over": "từ 60 tuổi", "view PA": "tư thế PA", "view AP": "tư thế AP",
    "interim": "tạm thời", "released": "chính thức", "foreign": "từ nơi khác",
}

PHRASES = {
    # Every card
    "title": ("# {name} {version} ({status})", "# {name} {version} ({status})"),
    "interim": (
        "> **Interim.** Trained within hours on two CPU cores shared with other work; to be replaced by a better one.",
        "> **Tạm thời.** Được huấn luyện trong vài giờ trên hai nhân CPU dùng chung với việc khác; sẽ được thay bằng một bản tốt hơn.",
    ),
    "not a device": (
        """**Not a medical device.** It puts films in an order for a radiologist who reads all of them; it does not diagnose, and a
film without a flag is not a normal film. Weights: research and evaluation only, see [LICENSE-WEIGHTS.md](../LICENSE-WEIGHTS.md).
Trunk of the network: {trunk}.""",
        """**Không phải thiết bị y tế.** Mô hình chỉ xếp thứ tự phim cho bác sĩ chẩn đoán hình ảnh, là người đọc mọi phim; nó không chẩn đoán, và
phim không gắn cờ không có nghĩa là phim bình thường. Trọng số: chỉ để nghiên cứu và đánh giá, xem [LICENSE-WEIGHTS.md](../LICENSE-WEIGHTS.md).
Phần thân của mạng: {trunk}.""",
    ),
    "trunk scratch": ("none, trained from scratch", "không có, huấn luyện từ đầu"),
    "trunk squeeze": (
        "SqueezeNet 1.1 from ImageNet weights (rcmalli/keras-squeezenet, MIT), trained on by this project",
        "SqueezeNet 1.1 với trọng số ImageNet (rcmalli/keras-squeezenet, MIT), được dự án này huấn luyện tiếp",
    ),
    "file": ("sha256 `{sha256}`, trained {date}.", "sha256 `{sha256}`, huấn luyện ngày {date}."),
    "figures": ("## Figures", "## Số liệu"),
    "splits": (
        "Splits are in `models/training/splits.csv`, written before training. Intervals are 95 %: Wilson for rates, bootstrap over films for AUC and Dice.",
        "Cách chia dữ liệu nằm trong `models/training/splits.csv`, được ghi trước khi huấn luyện. Trong ngoặc vuông là khoảng tin cậy 95 %: Wilson cho tỷ lệ, bootstrap theo phim cho AUC và Dice.",
    ),
    "where it fails": ("### Where it fails", "### Khi nào mô hình sai"),
    "by group": ("### By sex, age and view", "### Theo giới, tuổi và tư thế"),
    "robustness": ("## Robustness", "## Độ bền vững"),
    "data": ("## Data", "## Dữ liệu"),
    "not for": ("## Not for, not tested", "## Không dùng cho, chưa kiểm tra"),
    "roc picture": ("ROC curves", "Đường cong ROC"),
    "froc picture": ("FROC curve", "Đường cong FROC"),
    "failures": (
        """The pictures themselves are not ours to publish; `python -m firstread_training.failures` draws them, with heat and boxes, into
the work folder of whoever has the films.""",
        """Chúng tôi không có quyền công bố chính các phim này; ai có phim có thể chạy `python -m firstread_training.failures` để vẽ chúng
cùng bản đồ nhiệt và khung vào thư mục làm việc của mình.""",
    ),
    "no robustness": ("Not measured yet for this version.", "Chưa đo cho phiên bản này."),
    "robustness note": (
        "Through the serving code, {films} test films, change of the score in points of 100 against the film as it is:",
        "Chạy qua chính mã phục vụ, {films} phim kiểm tra; mức thay đổi của điểm (thang 100) so với phim gốc:",
    ),
    "distortion": ("distortion", "biến dạng"),
    "mean change": ("mean change", "thay đổi trung bình"),
    "within 5": ("share within 5 points", "tỷ lệ trong vòng 5 điểm"),
    "flag changed": ("flag changed", "cờ thay đổi"),
    "newly flagged": ("newly flagged", "mới gắn cờ"),
    "films refused": ("films refused", "phim bị từ chối"),
    "twin": (
        "Half-precision twin (`model.fp16.onnx`, for GPUs) against this one on {films} films: at most {points} points of 100. Batch of 1 against batch of 32: at most {batch} points.",
        "Bản nửa độ chính xác (`model.fp16.onnx`, cho GPU) so với bản này trên {films} phim: lệch nhiều nhất {points} điểm trên thang 100. Chạy từng phim (lô 1) so với lô 32: lệch nhiều nhất {batch} điểm.",
    ),
    "source": ("source", "nguồn"),
    "label": ("label", "nhãn"),
    "train": ("train", "huấn luyện"),
    "choose": ("choose", "kiểm định"),
    "report": ("report", "kiểm tra"),
    "terms": ("origin and terms", "nguồn gốc và điều kiện"),
    "group": ("group", "nhóm"),
    "kind flagged": ("{kind}: flagged", "{kind}: gắn cờ"),
    "worst missed": ("lowest-scoring films with it", "phim có bệnh, điểm thấp nhất"),
    "worst alarms": ("highest-scoring films without it", "phim không có, điểm cao nhất"),
    "score": ("score", "điểm"),
    "pictures": ("pictures", "hình ảnh"),
    "passed": ("passed", "được nhận"),
    "passed wrongly": ("passed (0 is right)", "được nhận (đúng phải là 0)"),
    "source and label": ("source and label", "nguồn và nhãn"),
    "flagged": ("flagged", "gắn cờ"),
    # Data sets
    "tb/shenzhen": ("NLM Shenzhen set, made available to the research community; one hospital, both classes", "Bộ Shenzhen của NLM, cung cấp cho cộng đồng nghiên cứu; một bệnh viện, có cả hai lớp"),
    "tb/tbx11k": ("TBX11K (CVPR 2020): cite, research; all tuberculosis, with boxes", "TBX11K (CVPR 2020): phải trích dẫn, chỉ nghiên cứu; toàn bộ là lao, có khung"),
    "tb/pakistan": ("Dataset of Tuberculosis Chest X-rays Images (Mendeley); classes look different from each other", "Dataset of Tuberculosis Chest X-rays Images (Mendeley); hai lớp trông khác nhau về kỹ thuật"),
    "tb/mixed_positive": ("positives of a Kaggle collection of several hospitals", "phim dương tính của một bộ trên Kaggle, gồm nhiều bệnh viện"),
    "other/normal_mixed": ("normals of the COVID-19 Radiography Database", "phim bình thường của COVID-19 Radiography Database"),
    "other/pneumonia_mixed": ("COVID and viral pneumonia of the same", "COVID và viêm phổi do virus, cùng bộ đó"),
    "nodule/nih": ("NIH ChestX-ray14, no restrictions on the use: cite Wang et al. 2017", "NIH ChestX-ray14, không hạn chế sử dụng: trích dẫn Wang et al. 2017"),
    "nodule/nih_boxed": ("NIH films with a third party's rough boxes", "phim NIH với khung sơ lược do bên thứ ba vẽ"),
    # Lung field
    "lung field": (
        "Finds the lungs on a chest film (mask 128 × 128) and says whether the picture is an upright frontal chest at all. The other models look where it points; eligibility asks it whatever the header says.",
        "Tìm hai phổi trên phim ngực (mặt nạ 128 × 128) và cho biết ảnh có phải là phim ngực thẳng, đúng chiều hay không. Các mô hình khác nhìn vào trường phổi mà nó chỉ ra; việc xét điều kiện phân tích luôn hỏi nó, bất kể phần đầu tệp ghi gì.",
    ),
    "dice": (
        "Dice of the mask on Shenzhen's test films: **{mean}** {interval}, n = {count}, worst film {worst}.",
        "Dice của mặt nạ trên phim kiểm tra của Shenzhen: **{mean}** {interval}, n = {count}, phim kém nhất {worst}.",
    ),
    "should pass": ("Share that passes as a frontal chest, threshold {threshold}; should pass:", "Tỷ lệ được nhận là phim ngực thẳng, ngưỡng {threshold}; phải được nhận:"),
    "should not pass": ("Should be refused:", "Phải bị từ chối:"),
    "frontal all": ("frontal chests, all sources (held out)", "phim ngực thẳng, mọi nguồn (không dùng khi huấn luyện)"),
    "drawn chests": ("drawn schematic chests (other seed)", "phim ngực vẽ sơ đồ (hạt giống khác)"),
    "mirrored chests": ("mirrored chests", "phim ngực lật trái phải"),
    "upside-down chests": ("upside-down chests", "phim ngực lật trên dưới"),
    "half-turned chests": ("chests turned by half", "phim ngực xoay nửa vòng"),
    "sideways chests": ("chests on their side", "phim ngực nằm ngang"),
    "inverted chests": ("chests with grey inverted", "phim ngực đảo trắng đen"),
    "spoiled": ("pieces, collages, scrambled, much too small", "mảnh phim, ảnh ghép, ảnh xáo trộn, ảnh quá nhỏ"),
    "drawn": ("drawn: {kind}", "hình vẽ: {kind}"),
    "real others": ("real non-chest pictures of the DICOM folder, **in training**", "ảnh thật không phải phim ngực của thư mục DICOM, **đã dùng khi huấn luyện**"),
    "real others held out": ("real non-chest pictures, measured with a net trained without any of them", "ảnh thật không phải phim ngực, đo bằng mạng được huấn luyện không có ảnh nào trong số đó"),
    "lung field untested": (
        """## What no real film has tested

Real lateral views, real hands, real post-mortem or paediatric positioning films, real ultrasound beyond the few files of
the DICOM folder: those kinds are drawings of this project (`models/training/firstread_training/draw.py`). The one animal is the dog of
a public DICOM project, and it is in training. "For Processing" pictures are refused by their header, never by this network.""",
        """## Những gì chưa có phim thật nào kiểm tra

Phim nghiêng thật, phim bàn tay thật, phim tử thi hay phim nhi khoa thật với tư thế đặc biệt, siêu âm thật ngoài vài tệp của
thư mục DICOM: các loại này là hình vẽ của dự án (`models/training/firstread_training/draw.py`). Con vật duy nhất là con chó của
một dự án DICOM công khai, và đã dùng khi huấn luyện. Ảnh “For Processing” bị từ chối do phần đầu tệp, không phải do mạng này.""",
    ),
    "lung field data": (
        """Masks: Shenzhen training films only. Verdict: training films of every source in `splits.csv` against {count} real non-chest
pictures (public DICOM test files), drawings, and chests turned, inverted, cut and rearranged. Small children are in the
positives (viral pneumonia films), infants in incubators are not.""",
        """Mặt nạ: chỉ phim huấn luyện của Shenzhen. Phán định: phim huấn luyện của mọi nguồn trong `splits.csv` so với {count} ảnh thật không phải
phim ngực (tệp DICOM thử nghiệm công khai), hình vẽ, và phim ngực bị xoay, đảo trắng đen, cắt và xáo trộn. Trẻ nhỏ có trong nhóm được
nhận (phim viêm phổi do virus), trẻ sơ sinh trong lồng ấp thì không.""",
    ),
    "the": ("the", "các"),
    # Tuberculosis
    "tuberculosis": (
        "Tuberculosis on frontal chest films of people from 15 years on: a score of 0–100 and a heatmap (32 × 32 over the lung crop), from two nets that learned tuberculosis from whole films and a third, that of lung nodules, which speaks for small round shadows and for the places that look like lesions of tuberculosis beside the rest of the same lungs.",
        "Lao phổi trên phim ngực thẳng của người từ 15 tuổi: điểm 0–100 và bản đồ nhiệt (32 × 32 trên vùng phổi), từ hai mạng học về lao phổi trên cả phim và một mạng thứ ba, mạng tìm nốt phổi, lên tiếng về các đám mờ nhỏ, tròn và về những chỗ trông giống tổn thương lao so với phần phổi còn lại của chính phim đó.",
    ),
    "same hospital": ("Figures are claimed only where both classes come from the same hospital.", "Chỉ công bố số liệu khi cả hai lớp đến từ cùng một bệnh viện."),
    "elsewhere": ("**Another hospital** (trained without Shenzhen, tested on all of it): {figures}", "**Bệnh viện khác** (huấn luyện không có Shenzhen, kiểm tra trên toàn bộ Shenzhen): {figures}"),
    "elsewhere unknown": ("not measured for this recipe.", "chưa đo cho cách huấn luyện này."),
    "elsewhere figures": (
        "AUC **{auc}**, specificity at 90 % sensitivity {specificity}; pointing on TBX11K's official validation films {pointing}. These are the nets of the first part of the recipe (the shipped ones went on from them, with Shenzhen), joined as they are shipped, with a third net whose training saw none of Shenzhen's films and no real nodule; expect figures like these, not those below, on films from elsewhere. That the mean over several sizes helps (one net at one size: 0.898), and which two of six nets go together (eleven pairs: 0.896–0.913), was chosen on these very films; that a nodule net helps was first seen on 135 of them (of one net and a nodule net that had been drawn on Shenzhen's healthy training films: 0.898 without, 0.907–0.928 with, by its weight), and its weight was fixed with that in view. What the third net says of lesions of tuberculosis, new in 0.9.0, was made and first weighted (0.75) without a look at Shenzhen: 0.930, specificity 0.77, where 0.8.1 had 0.920 and 0.74; its weight was then lowered to 0.25, since films with COVID were flagged too often, with this figure at seven weights in view (0.919–0.934). The lung field, whose crops all nets see, learned from masks of Shenzhen's training films. So this figure is a little too good; the last one that chose nothing is 0.898.",
        "AUC **{auc}**, độ đặc hiệu ở độ nhạy 90 % là {specificity}; chỉ đúng vị trí trên phim kiểm định chính thức của TBX11K {pointing}. Đây là các mạng của phần đầu cách huấn luyện (các mạng phát hành được huấn luyện tiếp từ chúng, có Shenzhen), ghép với nhau như khi phát hành, cùng một mạng thứ ba chưa từng thấy phim nào của Shenzhen và chưa từng thấy nốt thật khi huấn luyện; với phim từ nơi khác hãy trông đợi số liệu như thế này, không phải như bên dưới. Lợi ích của việc lấy trung bình nhiều kích thước (một mạng ở một kích thước: 0,898), và việc chọn hai trong sáu mạng để ghép (mười một cặp: 0,896–0,913), được chọn trên chính các phim này; lợi ích của mạng tìm nốt được thấy lần đầu trên 135 phim trong số đó (một mạng lao cùng một mạng tìm nốt đã được vẽ nốt lên phim huấn luyện không bệnh của Shenzhen: 0,898 khi không có, 0,907–0,928 khi có, tùy trọng số), và trọng số của mạng này được ấn định khi đã biết điều đó. Phần mạng thứ ba nói về tổn thương lao, mới có từ 0.9.0, được làm ra và đặt trọng số đầu tiên (0,75) mà không nhìn vào Shenzhen: 0,930, độ đặc hiệu 0,77, trong khi 0.8.1 đạt 0,920 và 0,74; sau đó trọng số được hạ xuống 0,25 vì phim COVID bị gắn cờ quá nhiều, khi đã biết số liệu này ở bảy trọng số (0,919–0,934). Mô hình trường phổi, cắt vùng phổi cho mọi mạng, được huấn luyện bằng mặt nạ của phim huấn luyện Shenzhen. Vì vậy số liệu này hơi quá tốt; số liệu cuối cùng không qua lựa chọn nào là 0,898.",
    ),
    "shipped": (
        "**Shipped net** (Shenzhen's training films in training), Shenzhen test films: AUC **{auc}**, specificity at 90 % sensitivity {specificity}. Hottest cell inside a box (TBX11K, official validation films): {pointing}.",
        "**Mạng phát hành** (có phim huấn luyện của Shenzhen), phim kiểm tra của Shenzhen: AUC **{auc}**, độ đặc hiệu ở độ nhạy 90 % là {specificity}. Ô nóng nhất nằm trong khung (TBX11K, phim kiểm định chính thức): {pointing}.",
    ),
    "halves": (
        "**A hospital it knows, on more films**: each half of all Shenzhen's films by nets that trained with the other half (made as the shipped ones, with {counts} films of Shenzhen and fewer steps; the third net saw none): AUC **{auc}**, specificity at 90 % sensitivity {specificity}; on the test films alone {test}. These nets are not the shipped ones; they say what the recipe reaches, with a narrower interval. Sizes, pairs and weights were chosen with Shenzhen's films in view (see above).",
        "**Bệnh viện đã biết, trên nhiều phim hơn**: mỗi nửa số phim của Shenzhen do các mạng được huấn luyện với nửa còn lại chấm (làm như các mạng phát hành, với {counts} phim của Shenzhen và ít bước huấn luyện hơn; mạng thứ ba chưa thấy phim nào): AUC **{auc}**, độ đặc hiệu ở độ nhạy 90 % là {specificity}; riêng các phim kiểm tra: {test}. Đây không phải các mạng phát hành; chúng cho biết cách huấn luyện này đạt được gì, với khoảng tin cậy hẹp hơn. Kích thước, cặp mạng và trọng số đã được chọn khi biết kết quả trên phim Shenzhen (xem trên).",
    ),
    "look": (
        "**What the look of Shenzhen's films alone tells**: a linear score on textures *away from the lungs* (outside their hulls and a tenth of the crop from them, grey levels evened), fitted to its training films, tells its test films' sick from healthy with AUC **{surroundings}**. No lesion lies there; machine, exposure, age or build may. Added to the shipped score it makes {with_look} of {shipped} here, and {away_with_look} of {away} on Pakistan's test films; the textures of the lungs, added the same way, {with_lungs} and {away_with_lungs}. So a net can score higher on a hospital it was trained with by learning its look, and lower in the next one for it. No such score is added to the shipped one; how much of it the nets took up by themselves is not known, and figures of a hospital that was trained with, ours too, are to be read with this in mind (`python -m firstread_training.look`).",
        "**Riêng vẻ ngoài của phim Shenzhen cho biết gì**: một điểm tuyến tính trên kết cấu ảnh *ngoài phổi* (ngoài bao lồi của phổi và cách phổi một phần mười bề rộng vùng cắt, mức xám đã được cân bằng), khớp với phim huấn luyện của bệnh viện này, phân biệt người bệnh với người khỏe trên phim kiểm tra của chính nó với AUC **{surroundings}**. Ở đó không có tổn thương nào; có thể là máy chụp, liều tia, tuổi hay vóc người. Cộng vào điểm phát hành, nó đưa {shipped} lên {with_look} ở đây và đưa {away} còn {away_with_look} trên phim kiểm tra của Pakistan; kết cấu của phổi, cộng theo cách đó, cho {with_lungs} và {away_with_lungs}. Vậy một mạng có thể đạt điểm cao hơn ở bệnh viện đã có trong huấn luyện nhờ học vẻ ngoài của phim, và vì thế kém hơn ở bệnh viện khác. Điểm phát hành không cộng thêm điểm nào như vậy; các mạng đã tự học bao nhiêu phần thì chưa rõ, và số liệu của bệnh viện đã có trong huấn luyện, kể cả của chúng tôi, cần được đọc với lưu ý này (`python -m firstread_training.look`).",
    ),
    "shipped threshold": (
        "Shipped threshold **{threshold}**: {origin}. On Shenzhen's test films: sensitivity {sensitivity}, flagged without tuberculosis {alarms}. Share of all test films at or above it:",
        "Ngưỡng phát hành **{threshold}**: {origin}. Trên phim kiểm tra của Shenzhen: độ nhạy {sensitivity}, dương tính giả (không lao mà bị gắn cờ) {alarms}. Tỷ lệ bằng hoặc trên ngưỡng trong mọi phim kiểm tra:",
    ),
    "stricter": (
        """The rule that picks the threshold (on validation films) was made stricter once, after version 0.1.0's test figures had been seen; the
flagged shares above are therefore not wholly blind. Nor, from 0.7.0 on, is the AUC on Shenzhen's test films: several pairs of nets were looked at there (0.933–0.937); and two recipes' nets without Shenzhen, and the nodule net's part, on 0.8.0's way; and four weights of what the third net says of lesions, for 0.9.0 (0.920–0.939).""",
        """Quy tắc chọn ngưỡng (trên phim kiểm định) đã được siết chặt một lần, sau khi xem số liệu kiểm tra của phiên bản 0.1.0; vì vậy các tỷ lệ
gắn cờ ở trên không hoàn toàn là đánh giá mù. Từ 0.7.0, AUC trên phim kiểm tra của Shenzhen cũng vậy: một số cặp mạng đã được xem trên các phim đó (0,933–0,937); và khi làm 0.8.0, các mạng không có Shenzhen của hai cách huấn luyện cùng phần của mạng tìm nốt; và khi làm 0.9.0, bốn trọng số của phần nói về tổn thương lao (0,920–0,939).""",
    ),
    "transfer": (
        """Thresholds do not transfer between hospitals: calibrate on site (`firstread calibrate`). The rows of Pakistan, TBX11K and the mixed positives show how often
films are flagged, and nothing about telling sick from healthy: their classes come from different places or there is one class only.""",
        """Không thể mang ngưỡng từ bệnh viện này sang bệnh viện khác: hãy chọn lại ngưỡng tại cơ sở (`firstread calibrate`). Các dòng Pakistan, TBX11K và phim dương tính hỗn hợp chỉ cho biết
phim bị gắn cờ thường xuyên đến đâu, không nói gì về khả năng phân biệt người bệnh với người không bệnh: các lớp của chúng đến từ những nơi khác nhau, hoặc chỉ có một lớp.""",
    ),
    "tuberculosis groups": (
        "Only NIH's films carry them, and none of those has tuberculosis: what can be said is how often films without it are flagged.",
        "Chỉ phim của NIH có các thông tin này, và không phim nào trong số đó là lao: chỉ có thể nói phim không lao bị gắn cờ thường xuyên đến đâu.",
    ),
    "tuberculosis third net": (
        "The third net went on from the shipped nodule model's, with a second question, where lesions of tuberculosis are, learned from TBX11K's boxes, and with its small lesions laid onto other films as nodules (as a nodule model it is no better, and is not shipped as one). Besides the films of [the nodule model's card](../lung-nodule/card.md), the third party's boxes on 49 films of NIH's among them, it saw TBX11K's training films.",
        "Mạng thứ ba được huấn luyện tiếp từ mạng của mô hình nốt phổi phát hành, được hỏi thêm câu thứ hai: tổn thương lao ở đâu, học từ các khung của TBX11K, và có các tổn thương nhỏ của bộ này đặt vào phim khác như nốt (làm mô hình nốt phổi thì nó không tốt hơn, nên không phát hành như vậy). Ngoài các phim trong [thẻ của mô hình nốt phổi](../lung-nodule/card.vi.md), gồm cả khung của bên thứ ba trên 49 phim NIH, nó đã thấy các phim huấn luyện của TBX11K.",
    ),
    "shenzhen films": ("Shenzhen's test films:", "Phim kiểm tra của Shenzhen:"),
    "tuberculosis not for": (
        """Children under 15 (the viral-pneumonia films that stand for them are small children and not the population), lateral views,
extrapulmonary tuberculosis, HIV-related pictures without visible shadows, follow-up of treatment. Healed tuberculosis counts as positive in
training (TBX11K's obsolete boxes).""",
        """Trẻ dưới 15 tuổi (phim viêm phổi do virus đại diện cho các em là của trẻ nhỏ, không phải của cả nhóm tuổi), phim nghiêng,
lao ngoài phổi, hình ảnh liên quan HIV không có đám mờ thấy được, theo dõi điều trị. Lao cũ đã lành được tính là dương tính khi
huấn luyện (khung “obsolete” của TBX11K).""",
    ),
    "roc tuberculosis": ("Tuberculosis against normal, Shenzhen", "Lao phổi so với bình thường, Shenzhen"),
    "curve shipped": ("Shenzhen's test films, shipped net", "phim kiểm tra Shenzhen, mạng phát hành"),
    "curve elsewhere": ("all of Shenzhen, net that saw none of it", "toàn bộ Shenzhen, mạng chưa thấy phim nào"),
    "mark": ("shipped threshold {threshold}", "ngưỡng phát hành {threshold}"),
    "roc x": ("1 − specificity (share of films without it that are flagged)", "1 − độ đặc hiệu (tỷ lệ phim không có bệnh bị gắn cờ)"),
    "sensitivity": ("sensitivity", "độ nhạy"),
    # Lung nodule
    "nodule": (
        "Round shadows in the lungs (nodules and masses, 7–65 mm) on frontal films of people from 15 years on: boxes with scores of 0–100; the image's score is the probability that at least one of its three best boxes is right.",
        "Đám mờ tròn trong phổi (nốt và khối, 7–65 mm) trên phim thẳng của người từ 15 tuổi: các khung có điểm 0–100; điểm của phim là xác suất để ít nhất một trong ba khung cao nhất là đúng.",
    ),
    "drawn nodules": ("drawn nodules of 10–30 mm in held-out normal NIH films", "nốt vẽ 10–30 mm trên phim NIH bình thường không dùng khi huấn luyện"),
    "boxed": ("third party's boxes on NIH films (no real nodule in training)", "khung của bên thứ ba trên phim NIH (không có nốt thật khi huấn luyện)"),
    "boxed before": ("third party's boxes on NIH films, by version {version}, which had seen no real nodule", "khung của bên thứ ba trên phim NIH, do phiên bản {version}, chưa từng thấy nốt thật"),
    "films": ("films", "phim"),
    "froc head": ("sensitivity at false positives per film", "độ nhạy theo số dương tính giả trên mỗi phim"),
    "boxed halves": ("the same, each half of the patients by a net of a later recipe (version {version}, not shipped) that trained with the other half; its last steps were begun with an earlier figure in view", "như trên, mỗi nửa số bệnh nhân do một mạng của cách huấn luyện sau này (phiên bản {version}, không phát hành), được huấn luyện với nửa còn lại, chấm; các bước cuối được thêm khi đã biết một số liệu trước đó"),
    "froc at": ("{share} % at {count}", "{share} % ở {count}"),
    "nodule image": (
        "Image score on `nodule/nih` (35 nodule or mass films of 33 patients against held-out normals): AUC **{auc}**, specificity at 90 % sensitivity {specificity}.{chance}",
        "Điểm của phim trên `nodule/nih` (35 phim có nốt hoặc khối của 33 bệnh nhân so với phim bình thường không dùng khi huấn luyện): AUC **{auc}**, độ đặc hiệu ở độ nhạy 90 % là {specificity}.{chance}",
    ),
    "chance": (
        " **No better than chance**: read a nodule flag of this version as a demonstration of the pipeline.",
        " **Không hơn ngẫu nhiên**: hãy xem cờ nốt phổi của phiên bản này chỉ là minh họa cho quy trình.",
    ),
    "nodule few": (
        """So few films decide nothing by themselves. They were in no training and chose no epoch and no threshold; but what versions up to 0.3.0 missed and
flagged on them was looked at before 0.4.0's drawing of nodules was changed, so for 0.4.0 and later they are not wholly blind; that three boxes together make the film's score, from 0.6.0 on, was chosen with them in view (the best box alone: AUC 0.673); and films with other findings are trained against no longer, from 0.8.0 on, since it was seen that 34 of these 35 films carry pneumonia, too.""",
        """Số phim ít như vậy tự chúng không kết luận được gì. Chúng không dùng khi huấn luyện, không chọn thời điểm dừng hay ngưỡng; nhưng những gì các phiên bản đến 0.3.0 bỏ sót và
gắn cờ trên chúng đã được xem trước khi đổi cách vẽ nốt của 0.4.0, nên từ 0.4.0 trở đi chúng không hoàn toàn là đánh giá mù; từ 0.6.0, việc lấy ba khung làm điểm của phim cũng được chọn khi đã xem các phim này (chỉ khung cao nhất: AUC 0,673); và từ 0.8.0, phim có bất thường khác không còn được dùng làm phim âm tính khi huấn luyện, vì thấy rằng 34 trong 35 phim này cũng có viêm phổi.""",
    ),
    "nodule threshold": (
        "Shipped threshold **{threshold}**: {origin}. It flags {sensitivity} of those nodule films, {normals} of the normals and {others} of films with other findings.",
        "Ngưỡng phát hành **{threshold}**: {origin}. Với ngưỡng này, gắn cờ {sensitivity} trong các phim có nốt nói trên, {normals} trong phim bình thường và {others} trong phim có bất thường khác.",
    ),
    "nodule not for": (
        """Trained on nodules *drawn* into films without any{real}; no film with a nodule proven by CT was available. Faint nodules, those behind heart, diaphragm and clavicles and
ground-glass are missed often. Nipples, calcified granulomas, vessel crossings and implants are flagged at times. Films as small as
256 × 256 are read, with fewer small nodules found. Size in mm only where the film's spacing is known and calibrated.{lesions}""",
        """Được huấn luyện trên các nốt *vẽ* vào phim không có nốt{real}; không có phim nào có nốt được CT xác nhận. Nốt mờ nhạt, nốt sau tim, sau vòm hoành và xương đòn và
tổn thương kính mờ thường bị bỏ sót. Núm vú, u hạt vôi hóa, chỗ mạch máu bắt chéo và vật cấy ghép đôi khi bị gắn cờ. Phim nhỏ tới
256 × 256 vẫn được đọc, nhưng tìm được ít nốt nhỏ hơn. Kích thước theo mm chỉ có khi biết khoảng cách điểm ảnh và đã hiệu chuẩn.{lesions}""",
    ),
    "nodule lesions": (
        """
The net was also asked where lesions of tuberculosis are (TBX11K's boxes; small ones were laid onto other films as nodules); that answer speaks in
the tuberculosis model only, but a shadow of tuberculosis may well be boxed here, too.""",
        """
Mạng còn được hỏi tổn thương lao ở đâu (khung của TBX11K; các tổn thương nhỏ được đặt vào phim khác như nốt); câu trả lời này chỉ dùng trong
mô hình lao phổi, nhưng một đám mờ do lao cũng có thể được đóng khung ở đây.""",
    ),
    "nodule real": (
        ", on {count} films with a third party’s rough boxes, and on their lesions laid onto other films",
        ", trên {count} phim với khung sơ lược của bên thứ ba, và trên tổn thương của các phim này đặt vào phim khác",
    ),
    "roc nodule": ("Nodule or mass against normal, NIH", "Nốt hoặc khối so với bình thường, NIH"),
    "image score": ("image score", "điểm của phim"),
    "froc title": ("Drawn nodules of 10–30 mm", "Nốt vẽ 10–30 mm"),
    "froc curve": ("held-out normal NIH films", "phim NIH bình thường không dùng khi huấn luyện"),
    "froc x": ("false positives per film", "số dương tính giả trên mỗi phim"),
    "froc y": ("share of nodules found", "tỷ lệ nốt tìm được"),
}

BLANK = re.compile(r"\{(\w+)\}")
UNEVEN = [key for key, texts in PHRASES.items() if len(texts) != len(LANGUAGES) or any(set(BLANK.findall(text)) != set(BLANK.findall(texts[0])) or not text.strip() for text in texts)]
if UNEVEN:
    raise ValueError(f"these phrases do not say the same in every language: {', '.join(UNEVEN)}")


class Words:
    """One language's phrases, and how it writes numbers and days."""

    def __init__(self, language):
        self.language, self.at = language, LANGUAGES.index(language)

    def __call__(self, key, **values):
        return PHRASES[key][self.at].format(**values)

    def term(self, text):
        return TERMS.get(text, text) if self.language == "vi" else text

    def of(self, wording):
        """A sentence of a manifest: in one language, or in both."""
        return wording if isinstance(wording, str) else wording[self.language]

    def number(self, value, digits=None):
        text = str(value) if digits is None else f"{value:.{digits}f}"
        return text.replace(".", ",") if self.language == "vi" else text

    def listed(self, parts):
        # Where the comma is the decimal sign, a semicolon parts two numbers.
        return (", ", "; ")[self.at].join(parts)

    def between(self, bounds, digits):
        return f"[{self.listed(self.number(bound, digits) for bound in bounds)}]"

    def interval(self, value, bounds):
        return f"{self.number(value, 2)} {self.between(bounds, 2)}"

    def rate(self, r):
        return f"{self.number(r['rate'], 3)} {self.between(r['interval95'], 3)} (n = {r['count']})"

    def auc(self, a):
        return f"{self.number(a['auc'], 3)} {self.between(a['interval95'], 3)} ({a['positives']} / {a['negatives']})"

    def day(self, iso):
        return "/".join(reversed(iso.split("-"))) if self.language == "vi" else iso
